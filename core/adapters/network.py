"""LoRA by PEFT: put into a model, trained, turned up and down, taken out again, without a trace.

PEFT wraps modules, so that names change while it is attached. The base model's names are taken before, and
everything that leaves this file speaks of a module by its part of the model and its path in the untouched
model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.nn import functional

from core.adapters.dropout import Dropouts, dropping
from core.adapters.targets import Module, Ranks, Target, targets
from core.counting import counted
from core.errors import UserError, plain_problem

ADAPTER = "default"
"""PEFT's name for the one adapter we attach."""

Keyed = Callable[..., torch.Generator]
"""Purpose words -> a generator that depends on the run's seed and these words only."""

ModuleKey = tuple[str, str]
"""("unet" or "text_encoder", module path in the untouched model)."""

Weights = dict[ModuleKey, tuple[Tensor, Tensor, float]]
"""Module -> (down, up, alpha), shaped as in a LoRA file."""


def describe(model: nn.Module) -> Iterator[Module]:
    """The Linear and Conv2d modules of a model as plain data."""
    for path, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            yield Module(path, "Conv2d", max(module.kernel_size))
        elif isinstance(module, nn.Linear):
            yield Module(path, "Linear", 0)


class Network:
    """A LoRA attached to the parts of one model. paths: every Linear and Conv2d of them, adapted or not."""

    def __init__(
        self, models: Mapping[str, nn.Module], ranks: Ranks, dropouts: Dropouts, keyed: Keyed
    ) -> None:
        """Attach to each part (modules as core.adapters.targets says), weights float32, up at zero.

        The down matrices are drawn from `keyed`, so that they depend on the run's seed and the module's name
        only.
        """
        self._models = dict(models)
        self._layers: dict[ModuleKey, LoraLayer] = {}
        self._targets: dict[ModuleKey, Target] = {}
        self._scales: Tensor | None = None
        self._norms: Tensor | None = None
        self.paths: dict[str, list[str]] = {}
        for part, model in models.items():
            modules = [*describe(model)]
            self.paths[part] = [module.path for module in modules]
            found = targets(part, modules, ranks)
            _inject(model, found, ranks)
            for target in found:
                layer = model.get_submodule(target.path)
                assert isinstance(layer, LoraLayer), f"PEFT left {part}.{target.path} alone"
                self._layers[part, target.path] = layer
                self._targets[part, target.path] = target
                _initialize(layer, keyed("lora", part, target.path))
                if isinstance(layer.get_base_layer(), nn.Linear):
                    layer.forward = _fused_linear(layer)  # type: ignore[method-assign]
                if dropouts.is_any:
                    down, up = layer.lora_A[ADAPTER], layer.lora_B[ADAPTER]
                    layer.forward = dropping(layer, down, up, ADAPTER, dropouts)  # type: ignore[method-assign]

    def parameters(self, part: str) -> dict[str, nn.Parameter]:
        """The trained parameters of one part, by a name that does not know of PEFT."""
        found = {}
        for (owner, path), layer in self._layers.items():
            if owner == part:
                found[f"{path}.lora_down.weight"] = layer.lora_A[ADAPTER].weight
                found[f"{path}.lora_up.weight"] = layer.lora_B[ADAPTER].weight
        return found

    def weights(self) -> Weights:
        """Every module's matrices as they are now (no copies)."""
        return {
            key: (
                layer.lora_A[ADAPTER].weight.detach(),
                layer.lora_B[ADAPTER].weight.detach(),
                self._targets[key].alpha,
            )
            for key, layer in self._layers.items()
        }

    def load(self, weights: Mapping[ModuleKey, tuple[Tensor, Tensor, float]], path: str) -> list[ModuleKey]:
        """Start from the matrices of a LoRA file; returns the modules that the file does not hold.

        path: the file's, for messages. Raises UserError when rank, alpha or modules do not fit.
        """
        _refuse_misfit(self._targets, weights, path)
        with torch.no_grad():
            for key, (down, up, _) in weights.items():
                layer = self._layers[key]
                _fill(layer.lora_A[ADAPTER].weight, down)
                _fill(layer.lora_B[ADAPTER].weight, up)
        return [key for key in self._layers if key not in weights]

    def set_strength(self, strength: float) -> None:
        """How much of the adapter is added: 1 as trained, 0 the base model."""
        for key, layer in self._layers.items():
            target = self._targets[key]
            layer.scaling[ADAPTER] = strength * target.alpha / target.rank

    def limit_norms(self, limit: float) -> None:
        """Make no module's change larger than `limit`, by scaling its two matrices alike.

        The size is the Frobenius norm of up @ down * alpha / rank. Nothing waits for the device. Source:
        sd-scripts' scale_weight_norms.
        """
        pairs = [
            (layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight) for layer in self._layers.values()
        ]
        with torch.no_grad():
            squares = []
            for down, up in pairs:
                # |up @ down|^2 without the product: the sum over both Gram matrices, rank x rank each.
                d, u = down.flatten(1).float(), up.flatten(1).float()
                squares.append(((u.t() @ u) * (d @ d.t())).sum())
            if self._scales is None:
                scales = [target.alpha / target.rank for target in self._targets.values()]
                self._scales = torch.tensor(scales, device=squares[0].device)
            norms = torch.stack(squares).clamp(min=0).sqrt() * self._scales
            # A hair above the limit is rounding; scaling it again would never end.
            is_over = norms > limit * (1 + 1e-5)
            ratios = torch.where(is_over, limit / norms.clamp(min=limit), 1.0)
            for (down, up), factor in zip(pairs, ratios.sqrt().unbind(), strict=True):
                down.mul_(factor)
                up.mul_(factor)
            norms = norms * ratios
            self._norms = torch.stack([is_over.sum(), norms.mean(), norms.max()])

    def norms(self) -> dict[str, float]:
        """What limit_norms found last: modules "scaled", "mean" and "largest" norm after it. Waits for it."""
        if self._norms is None:
            return {}
        return dict(zip(("scaled", "mean", "largest"), self._norms.tolist(), strict=True))

    def remove(self) -> None:
        """Take every adapter out; the model is the very one it was before."""
        for (part, path), layer in self._layers.items():
            model = self._models[part]
            parent, _, name = path.rpartition(".")
            layer.__dict__.pop("forward", None)
            setattr(model.get_submodule(parent), name, layer.get_base_layer())
        for model in self._models.values():
            model.__dict__.pop("peft_config", None)
        self._layers.clear()

    def __len__(self) -> int:
        return len(self._layers)


def _inject(model: nn.Module, found: tuple[Target, ...], ranks: Ranks) -> None:
    """Let PEFT wrap the target modules; the global RNG that its layers draw from is left as it was."""
    if not found:
        return
    special = [target for target in found if (target.rank, target.alpha) != (ranks.rank, ranks.alpha)]
    config = LoraConfig(
        r=ranks.rank,
        lora_alpha=ranks.alpha,  # type: ignore[arg-type]  # PEFT says int, and only ever divides it
        target_modules=[target.path for target in found],
        rank_pattern={"^" + re.escape(target.path): target.rank for target in special},
        alpha_pattern={"^" + re.escape(target.path): target.alpha for target in special},
        init_lora_weights=True,
    )
    requires_grad = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    with torch.random.fork_rng(devices=[]):
        inject_adapter_in_model(config, model, ADAPTER)
    # PEFT freezes what it does not train; whether the rest of this model is frozen is not the adapter's
    # business.
    for name, parameter in model.named_parameters():
        if name.replace(".base_layer.", ".") in requires_grad:
            parameter.requires_grad_(requires_grad[name.replace(".base_layer.", ".")])


def _initialize(layer: LoraLayer, generator: torch.Generator) -> None:
    """Down uniform as nn.Linear's own, up zero: the adapter starts without effect.

    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1; bounds as in sd-scripts' networks.lora.
    """
    down, up = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
    with torch.no_grad():
        drawn = torch.empty(down.shape, dtype=torch.float32)
        nn.init.kaiming_uniform_(drawn, a=5**0.5, generator=generator)
        down.copy_(drawn)
        up.zero_()


def _fused_linear(layer: LoraLayer) -> Callable[[Tensor], Tensor]:
    """PEFT's forward of a plain LoRA Linear, with the adapter added into the base product by one addmm.

    PEFT's own is base(x) + up(down(x)) * scale: two more passes over the output and several Python calls.
    Merged and disabled states are PEFT's own affair, so they take its path.
    """
    base, down, up = layer.get_base_layer(), layer.lora_A[ADAPTER], layer.lora_B[ADAPTER]
    plain_forward = layer.forward

    def forward(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if layer.disable_adapters or layer.merged or args or kwargs:
            return plain_forward(x, *args, **kwargs)
        # To the frozen weight's type once, where autocast would do it for each of the two products.
        flat = x.reshape(-1, x.shape[-1]).to(base.weight.dtype)
        result = functional.linear(flat, base.weight, base.bias)
        reduced = functional.linear(flat, down.weight)
        result = torch.addmm(result, reduced, up.weight.t(), alpha=layer.scaling[ADAPTER])
        return result.view(*x.shape[:-1], -1)

    return forward


def _fill(parameter: nn.Parameter, values: Tensor) -> None:
    """Copy values in; files may hold a 1x1 convolution as a matrix or the other way round."""
    parameter.copy_(values.reshape(parameter.shape).to(parameter.dtype))


def _refuse_misfit(
    own: Mapping[ModuleKey, Target], weights: Mapping[ModuleKey, tuple[Tensor, Tensor, float]], path: str
) -> None:
    strangers = [".".join(key) for key in weights if key not in own]
    if strangers:
        shown = ", ".join(strangers[:3])
        raise UserError(
            plain_problem(
                "E-LORA-MODULES",
                f"this LoRA file has {counted(len(strangers), 'module')} for what is not trained here "
                f"(such as {shown}); "
                "set network.conv_rank or network.dim_from_weights, or train the text encoder too, "
                "as the file was made.",
                f"このLoRAファイルには、今回学習しないモジュールが{len(strangers)}個あります（{shown}など）。"
                "ファイルの作成時と同じく、network.conv_rankかnetwork.dim_from_weightsを指定するか、"
                "Text Encoderも学習してください。",
                key="network.weights",
                path=path,
            )
        )
    for key, (down, _, alpha) in weights.items():
        target = own[key]
        if down.shape[0] != target.rank or abs(alpha - target.alpha) > 1e-6 * max(1.0, abs(alpha)):
            raise UserError(
                plain_problem(
                    "E-LORA-RANK",
                    f"this LoRA file has rank {down.shape[0]} and alpha {alpha:g} at {'.'.join(key)}, "
                    f"but rank {target.rank} and alpha {target.alpha:g} are set; set the file's values, "
                    "or network.dim_from_weights.",
                    f"このLoRAファイルの{'.'.join(key)}はrank {down.shape[0]}、alpha {alpha:g}ですが、"
                    f"設定はrank {target.rank}、alpha {target.alpha:g}です。ファイルの値に合わせるか、"
                    "network.dim_from_weightsを指定してください。",
                    key="network.weights",
                    path=path,
                )
            )
