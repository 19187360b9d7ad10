"""Adapters: put into a model, trained, turned up and down, merged or taken out without a trace.

PEFT wraps modules, so that names change while it is attached. The base model's names are taken before, and
everything that leaves this file speaks of a module by its part of the model and its path in the untouched
model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import torch
from peft import inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from core.adapters import lora, messages
from core.adapters.lora import ADAPTER, Dropouts
from core.adapters.methods import Adapted, Method, called, method_of
from core.adapters.targets import Module, ModuleKey, Ranks, Target, WeightKey, targets
from core.catalog import Words
from core.counting import counted
from core.errors import UserError
from core.families import FamilySpec

Keyed = Callable[..., torch.Generator]
"""Purpose words -> a generator that depends on the run's seed and these words only."""


def describe(model: nn.Module) -> Iterator[Module]:
    """The Linear and Conv2d modules of a model as plain data; the same while adapters are attached."""
    inside: tuple[str, ...] = ()
    for path, module in model.named_modules():
        if path.startswith(inside):
            continue
        if isinstance(module, BaseTunerLayer):
            inside, module = (f"{path}.",), module.get_base_layer()
        if isinstance(module, nn.Conv2d):
            yield Module(path, max(module.kernel_size))
        elif isinstance(module, nn.Linear):
            yield Module(path, 0)


def targets_of(
    spec: FamilySpec, models: Mapping[str, nn.Module], ranks: Ranks
) -> dict[str, tuple[Target, ...]]:
    """What is to be adapted in each of these parts of a model."""
    return {name: targets(spec.part(name), describe(model), ranks) for name, model in models.items()}


def tensors_of(layer: BaseTunerLayer, method: Method) -> dict[str, nn.Parameter]:
    """The trained tensors of an adapted layer by their names in files, in PEFT's order."""
    tensors = {}
    for name in layer.adapter_layer_names:
        by_adapter = getattr(layer, name)
        if ADAPTER in by_adapter:
            member = by_adapter[ADAPTER]
            tensors[method.names[name]] = member if isinstance(member, nn.Parameter) else member.weight
    return tensors


class Network:
    """An adapter attached to the parts of one model."""

    def __init__(
        self,
        models: Mapping[str, nn.Module],
        method: Method,
        chosen: Mapping[str, Iterable[Target]],
        keyed: Keyed,
        dropouts: Dropouts | None = None,
        options: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Attach to the modules chosen of each part, weights float32, without effect.

        What does not start at zero is drawn from `keyed`, so that it depends on the run's seed and the
        module's name only. options: of the method, by our names.
        """
        self._models, self._method, self._strength = dict(models), method, 1.0
        self._layers: dict[ModuleKey, Any] = {}
        self._targets: dict[ModuleKey, Target] = {}
        self._scales: Tensor | None = None
        self._norms: Tensor | None = None
        dropouts = dropouts or Dropouts()
        for part, model in models.items():
            _inject(model, method, tuple(chosen[part]), options)
            for target in chosen[part]:
                key, layer = ModuleKey(part, target.path), model.get_submodule(target.path)
                assert isinstance(layer, BaseTunerLayer), f"PEFT left {part}.{target.path} alone"
                if method.extend:
                    called(method.extend)(layer, options)
                tensors = tensors_of(layer, method)
                self._layers[key], self._targets[key] = layer, _sized(target, method, tensors)
                for tensor in tensors.values():
                    tensor.data = tensor.data.float()  # PEFT gives it the base weight's type
                _initialize(layer, method, keyed("lora", part, target.path))
                if method.forward:
                    layer.__dict__["forward"] = called(method.forward)(layer, dropouts)
        self.set_strength(1.0)

    def parameters(self) -> dict[WeightKey, nn.Parameter]:
        """The trained parameters by a name that does not know of PEFT."""
        return {
            WeightKey(*key, name): parameter
            for key, layer in self._layers.items()
            for name, parameter in tensors_of(layer, self._method).items()
        }

    def adapted(self) -> dict[ModuleKey, Adapted]:
        """What is added to every module as it is now (no copies)."""
        return {
            key: Adapted(
                {name: p.detach() for name, p in tensors_of(layer, self._method).items()},
                self._targets[key].alpha,
                self._targets[key].rank,
            )
            for key, layer in self._layers.items()
        }

    def load(self, adapted: Mapping[ModuleKey, Adapted], path: str) -> list[ModuleKey]:
        """Start from what a file holds (without `misfits`); returns the modules that it does not hold.

        path: the file's, for messages. Raises UserError when method, rank, alpha or modules do not fit.
        """
        self._refuse_misfit(adapted, path)
        with torch.no_grad():
            for key, module in adapted.items():
                for name, parameter in tensors_of(self._layers[key], self._method).items():
                    # Files may hold a 1x1 convolution as a matrix or the other way round.
                    parameter.copy_(module.tensors[name].reshape(parameter.shape))
        return [key for key in self._layers if key not in adapted]

    def set_strength(self, strength: float) -> None:
        """How much of the adapter is added: 1 as trained, 0 the base model."""
        self._strength = strength
        for key, layer in self._layers.items():
            target = self._targets[key]
            if self._method.is_linear:
                layer.scaling[ADAPTER] = strength * target.alpha / target.rank
            else:
                layer.strength = strength

    @contextmanager
    def off(self) -> Iterator[None]:
        """The model without the adapter for a while: what it computes is the base model's, bit for bit.

        PEFT's own switch (enable_adapters) would also close the adapter's parameters for gradients.
        """
        for layer in self._layers.values():
            layer._disable_adapters = True
        try:
            yield
        finally:
            for layer in self._layers.values():
                layer._disable_adapters = False

    def limit_norms(self, limit: float) -> None:
        """Make no module's change larger than `limit`, by scaling its tensors alike.

        The size is the Frobenius norm of the change at strength 1. Nothing waits for the device. Source:
        sd-scripts' scale_weight_norms.
        """
        factors = [
            [p for name, p in tensors_of(layer, self._method).items() if name not in self._method.own_start]
            for layer in self._layers.values()
        ]
        with torch.no_grad():
            squares = [_squared_norm(layer) for layer in self._layers.values()]
            if self._scales is None:
                scales = [target.alpha / target.rank for target in self._targets.values()]
                self._scales = torch.tensor(scales, device=squares[0].device)
            norms = torch.stack(squares).clamp(min=0).sqrt() * self._scales
            # A hair above the limit is rounding; scaling it again would never end.
            is_over = norms > limit * (1 + 1e-5)
            ratios = torch.where(is_over, limit / norms.clamp(min=limit), 1.0)
            # The change is a product of all factors, so each takes the root of what it is to be scaled by.
            roots = {count: ratios.pow(1 / count).unbind() for count in {len(each) for each in factors}}
            for number, each in enumerate(factors):
                for parameter in each:
                    parameter.mul_(roots[len(each)][number])
            norms = norms * ratios
            self._norms = torch.stack([is_over.sum(), norms.mean(), norms.max()])

    def norms(self) -> dict[str, float]:
        """What limit_norms found last: modules "scaled", "mean" and "largest" norm after it. Waits for it."""
        if self._norms is None:
            return {}
        return dict(zip(("scaled", "mean", "largest"), self._norms.tolist(), strict=True))

    def merge(self) -> None:
        """Add every module's change to its own weight, for good, and take the adapter out."""
        for key, module in self.adapted().items():
            add(self._layers[key].get_base_layer().weight, module, self._strength)
        self.remove()

    def remove(self) -> None:
        """Take every adapter out; the model is the very one it was before."""
        for (part, path), layer in self._layers.items():
            layer.__dict__.pop("forward", None)
            _set(self._models[part], path, layer.get_base_layer())
        for model in self._models.values():
            model.__dict__.pop("peft_config", None)
        self._layers.clear()

    def __len__(self) -> int:
        return len(self._layers)

    def _refuse_misfit(self, adapted: Mapping[ModuleKey, Adapted], path: str) -> None:
        others = [".".join(key) for key in adapted if key not in self._layers]
        if others:
            modules = Words(
                counted(len(others), "module"), f"モジュールが{len(others)}個", f"{len(others)}个模块"
            )
            raise UserError(messages.MODULES(modules=modules, examples=", ".join(others[:3]), path=path))
        for key, (tensors, alpha, rank) in adapted.items():
            target, own = self._targets[key], tensors_of(self._layers[key], self._method)
            module = ".".join(key)
            if method_of(tensors) is not method_of(own):
                names = (", ".join(sorted(each)) for each in (tensors, own))
                raise UserError(messages.METHOD(module=module, found=next(names), own=next(names), path=path))
            is_scaled = self._method.has_scale and self._method.rank_of(tensors) is not None
            if rank != target.rank or (is_scaled and abs(alpha - target.alpha) > 1e-6 * max(1.0, abs(alpha))):
                raise UserError(
                    messages.RANK(
                        rank=rank,
                        alpha=alpha,
                        module=module,
                        path=path,
                        own_rank=target.rank,
                        own_alpha=target.alpha,
                    )
                )
            other = next((name for name, p in own.items() if _matrix(p) != _matrix(tensors[name])), None)
            if other is not None:
                shape, wanted = ([*each.shape] for each in (tensors[other], own[other]))
                raise UserError(
                    messages.SHAPE(module=module, tensor=other, shape=shape, own=wanted, path=path)
                )


def merge(models: Mapping[str, nn.Module], adapted: Mapping[ModuleKey, Adapted], strength: float) -> None:
    """Add what a file holds (without `misfits`), times strength, to the weights of a model, for good."""
    for (part, path), module in adapted.items():
        add(models[part].get_submodule(path).weight, module, strength)


def add(weight: Any, module: Adapted, strength: float) -> None:
    """Add what an adapter changes, times strength, to a weight, in place."""
    with torch.no_grad():
        tensors = {name: tensor.to(weight.device) for name, tensor in module.tensors.items()}
        change = module.method.change(module._replace(tensors=tensors), weight)
        weight.add_(change.reshape(weight.shape), alpha=strength)


def misfits(models: Mapping[str, nn.Module], adapted: Mapping[ModuleKey, Adapted]) -> list[ModuleKey]:
    """The modules whose tensors are not shaped as an adapter of this model has them."""
    return [
        key for key, module in adapted.items() if not fits(models[key.part].get_submodule(key.path), module)
    ]


def fits(layer: nn.Module, module: Adapted) -> bool:
    """Whether an adapter's tensors make a change of the shape of a layer's weight; nothing is computed."""
    assert isinstance(layer.weight, Tensor)
    return suits(layer.weight, module)


def suits(weight: Tensor, module: Adapted) -> bool:
    """The same of a weight, of which nothing but the shape counts."""
    tensors = {name: tensor.to("meta") for name, tensor in module.tensors.items()}
    try:
        change = module.method.change(module._replace(tensors=tensors), weight.to("meta"))
    except (RuntimeError, IndexError):
        return False
    return change.shape == (weight.shape[0], weight[0].numel())


def _matrix(tensor: Tensor) -> tuple[int, ...]:
    """Its shape, with a 1x1 convolution's as that of the matrix it is."""
    return tuple(tensor.flatten(min(1, tensor.ndim - 1)).shape)


def _sized(target: Target, method: Method, tensors: Mapping[str, Tensor]) -> Target:
    """A target with the rank that its tensors have; a scale of 1 where the method has none for them."""
    rank = method.rank_of(tensors)
    if rank is None:
        whole = max(side for tensor in tensors.values() for side in tensor.shape)
        return Target(target.path, whole, float(whole))
    return target if method.has_scale else Target(target.path, rank, float(rank))


def _inject(
    model: nn.Module, method: Method, chosen: tuple[Target, ...], options: Mapping[str, object]
) -> None:
    """Wrap the target modules; the global RNG that PEFT's layers draw from is left as it was."""
    if not chosen:
        return
    if method.layer:
        for target in chosen:
            wrapped = method.make_layer(model.get_submodule(target.path), {**options, "rank": target.rank})
            _set(model, target.path, wrapped)
        return
    # Most modules are alike, and PEFT is slow where each has a pattern.
    [(usual, _)] = Counter((target.rank, target.alpha) for target in chosen).most_common(1)
    special = [target for target in chosen if (target.rank, target.alpha) != usual]
    config = method.make_config(
        {**options, "rank": usual[0], "alpha": usual[1]},
        target_modules=[target.path for target in chosen],
        rank_pattern={"^" + re.escape(target.path): target.rank for target in special},
        alpha_pattern={"^" + re.escape(target.path): target.alpha for target in special},
    )
    requires_grad = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    with torch.random.fork_rng(devices=[]):
        inject_adapter_in_model(config, model, ADAPTER)
    # PEFT freezes what it does not train; whether the rest of this model is frozen is not the adapter's
    # business.
    for name, parameter in model.named_parameters():
        if name.replace(".base_layer.", ".") in requires_grad:
            parameter.requires_grad_(requires_grad[name.replace(".base_layer.", ".")])


def _set(model: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, module)


def _initialize(layer: BaseTunerLayer, method: Method, generator: torch.Generator) -> None:
    """Tensors uniform as nn.Linear's own, or as the method says: the adapter starts without effect.

    Drawn on the host in float32, whatever the base model's device and type. Source: Hu et al. 2021,
    arXiv:2106.09685, section 4.1; bounds as in sd-scripts' networks.lora.
    """
    for name, parameter in tensors_of(layer, method).items():
        if name in method.own_start:
            continue
        values = torch.zeros(parameter.shape)
        if name in method.deviations:
            values.normal_(std=method.deviations[name], generator=generator)
        elif name not in method.zeros:
            nn.init.kaiming_uniform_(values, a=5**0.5, generator=generator)
        parameter.data = values.to(parameter.device)


def _squared_norm(layer: Any) -> Tensor:
    """The squared size of a layer's change at a scale of 1, 0-dim; of DoRA's, without the magnitudes."""
    if isinstance(layer, LoraLayer):
        return lora.squared_norm(layer)
    change: Tensor = layer.get_delta_weight(ADAPTER).float() / layer.scaling[ADAPTER]
    return change.square().sum()
