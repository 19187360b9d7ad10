"""A small family of flow matching, with a text encoder and latents of its own, to try the seam with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import Tensor, nn

from core.catalog import Size, Words
from core.diffusion.objective import Flow
from core.families import FamilySpec, Marks, Part, Titles
from core.formats import tensors
from core.formats.weight_file import WeightFile
from core.models.family import Model, Source, TextState, matrices

WIDTH = 16

SPEC = FamilySpec(
    "toy", Words("Toy", "Toy"), "tests.toy_family:Toy", "", Marks("Toy", ("transformer/into.weight",)),
    (
        Part("vae", "vae"),
        Part("encoder", "text", "lora_te", lora_layers=r"^layers\.\d+\."),
        Part("transformer", "denoiser", "lora_dit", lora_layers=r"^layers\.\d+\.", blocks=(("layers.0.",),)),
    ),
    {"flow": Titles("toy-flow", "toy")}, 3, 8, 64, Size(64, 64), usual_prediction="flow",
)  # fmt: skip


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(WIDTH)
        self.self_attn = nn.ModuleDict(
            {name: nn.Linear(WIDTH, WIDTH) for name in ("q_proj", "k_proj", "v_proj", "out_proj")}
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (self.self_attn[name](self.norm(x)) for name in ("q_proj", "k_proj", "v_proj"))
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None])
        return x + self.self_attn["out_proj"](mixed)


class Transformer(nn.Module):
    """Cells and text in one row; time, size and the caption as a whole are added to each."""

    def __init__(self) -> None:
        super().__init__()
        self.into, self.out = nn.Linear(3, WIDTH), nn.Linear(WIDTH, 3)
        self.time, self.size = nn.Linear(1, WIDTH), nn.Linear(6, WIDTH)
        self.layers = nn.ModuleList([Block()])

    def forward(self, latents: Tensor, time: Tensor, states: Tensor, mask: Tensor, whole: Tensor) -> Tensor:
        cells = latents.flatten(2).mT
        row = torch.cat([self.into(cells), states], dim=1) + (self.time(time[:, None]) + whole)[:, None]
        every = torch.cat([mask.new_ones(len(mask), cells.shape[1]), mask], dim=1)
        for layer in self.layers:
            row = layer(row, every)
        return self.out(row[:, : cells.shape[1]]).mT.unflatten(2, latents.shape[2:])


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.letters = nn.Embedding(256, WIDTH)
        self.layers = nn.ModuleList(
            [nn.ModuleDict({"self_attn": nn.ModuleDict({"q_proj": nn.Linear(16, 16)})})]
        )

    def forward(self, ids: Tensor) -> Tensor:
        states: Tensor = self.layers[0]["self_attn"]["q_proj"](self.letters(ids))
        return states


class Vae(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Conv2d(3, 3, 8, 8), nn.ConvTranspose2d(3, 3, 8, 8)


def parts() -> dict[str, nn.Module]:
    return {"transformer": Transformer(), "encoder": Encoder(), "vae": Vae()}


def make_toy(path: Path) -> Path:
    """A model with random weights in one file."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        weights = {f"{part}/{n}": t for part, m in parts().items() for n, t in m.state_dict().items()}
    return tensors.save(path, {name: tensors.of(t.detach()) for name, t in weights.items()}, {})


class Toy:
    def open(self, config: Any, emit: Any) -> Model:
        path = Path(config.base)
        with torch.device("meta"):
            modules = parts()
        source = Source(path, "safetensors", None, {}, True, {})
        return Model(SPEC, source, Flow(), modules, None, WeightFile(path))

    def load(
        self, model: Model, part: str, dtype: torch.dtype, seen: Callable[[str, Tensor], None]
    ) -> nn.Module:
        module, weights = model.modules[part], {}
        for name in module.state_dict():
            weight = model.files.read(f"{part}/{name}").float()
            seen(name, weight)
            weights[name] = weight.to(dtype) if name in matrices(module) else weight
        module.load_state_dict(weights, assign=True)
        return module.requires_grad_(False).eval()

    def objective(self, model: Model, train: Any) -> Flow:
        return Flow(std=1.0, shift=3.0)

    def count_tokens(self, text: str) -> int:
        return len(text.encode())

    def encode_text(self, model: Model, captions: Sequence[str], config: Any) -> list[TextState]:
        encoder = model.modules["encoder"]
        device = next(encoder.parameters()).device
        states = [encoder(torch.tensor([*f"^{caption}".encode()], device=device)) for caption in captions]
        return [TextState({"states": one, "whole": one.mean(dim=0)}) for one in states]

    def encode_image(self, model: Model, pixels: Tensor) -> tuple[Tensor, Tensor]:
        mean = model.vae.encoder(pixels)
        return mean, torch.full_like(mean, 0.1)

    def decode_image(self, model: Model, latents: Tensor) -> Tensor:
        pixels: Tensor = model.vae.decoder(latents)
        return pixels

    def predict(
        self,
        model: Model,
        noisy: Tensor,
        timesteps: Tensor,
        texts: Sequence[TextState],
        frames: Tensor,
    ) -> Tensor:
        states = nn.utils.rnn.pad_sequence([text.tensors["states"] for text in texts], batch_first=True)
        lengths = torch.tensor([len(text.tensors["states"]) for text in texts], device=noisy.device)
        mask = torch.arange(states.shape[1], device=noisy.device) < lengths[:, None]
        whole = torch.stack([text.tensors["whole"] for text in texts]) + model.denoiser.size(frames / 64)
        pred: Tensor = model.denoiser(noisy, timesteps.float() / 1000, states, mask, whole)
        return pred

    def schedule(self, model: Model, sampler: str, steps: int, size: Size) -> Any:
        scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
        scheduler.set_timesteps(steps, device=model.device)
        return scheduler

    def lora_names(self, model: Model) -> dict[str, Any]:
        return {}

    def lora_file_names(self, model: Model) -> dict[Any, str]:
        return {}

    def save(
        self,
        model: Model,
        path: Path,
        save_as: str,
        precision: str,
        metadata: Mapping[str, str],
        weights: Any = None,
    ) -> Path:
        named = {f"{part}/{n}": t for part, m in model.modules.items() for n, t in m.state_dict().items()}
        found = {name: tensors.of(t, tensors.PRECISIONS[precision]) for name, t in named.items()}
        return tensors.save(tensors.with_suffix(path, ".safetensors"), found, metadata)
