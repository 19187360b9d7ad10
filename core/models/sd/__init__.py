"""Stable Diffusion 1 and 2: one code, the differences are facts in the catalog. Knows no training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from core.adapters.targets import ModuleKey
    from core.catalog import Size
    from core.config.schema.run import ModelConfig, TrainConfig
    from core.diffusion.objective import Objective
    from core.events import Emit
    from core.formats.tensors import Watch
    from core.models.family import Frame, Model, TextState


class SD:
    """The functions of the family; holds nothing. Imports torch on use, so that `tokens` stays quick."""

    def open(self, config: ModelConfig, emit: Emit) -> Model:
        """See Family.open. With config.vae put in.

        base: a .safetensors or .ckpt file, a Diffusers folder, or a Hugging Face id; an existing path wins.
        """
        from core.models.sd import load

        return load.open_model(config, emit)

    def load(
        self, model: Model, part: str, dtype: torch.dtype, seen: Callable[[str, Tensor], None]
    ) -> nn.Module:
        """See Family.load."""
        from core.models.sd import load

        return load.load_part(model, part, dtype, seen)

    def objective(self, prediction: str, train: TrainConfig) -> Objective:
        """epsilon or v over Stable Diffusion's own betas, rescaled for zero_terminal_snr."""
        from core.models.sd import sampling

        return sampling.objective(prediction, train.zero_terminal_snr)

    def encode_text(self, model: Model, captions: Sequence[str], config: ModelConfig) -> list[TextState]:
        """ "states" (T, width) of each caption; keeps gradients when the text encoder is trained.

        T is max_token_length + 2, with no_token_padding only as much as the longest caption needs.
        """
        from core.models.family import TextState
        from core.models.sd import text

        encoder = model.modules["text_encoder"]
        ids = model.tokenizer(captions, config, next(encoder.parameters()).device)
        states = text.encode(encoder, ids, config.clip_skip, model.tokenizer.clip)
        return [TextState({"states": one}) for one in states]

    def count_tokens(self, text: str) -> int:
        """How many tokens a caption takes, without the marks of start and end. Needs no model."""
        from core.models.sd import tokens

        return tokens.count_tokens(text)

    def encode_image(self, model: Model, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the latents, each (B, 4, H/8, W/8), times latent_scale.

        pixels: (B, 3, H, W) in [-1, 1].
        """
        from core.models.sd import sampling

        return sampling.encode_image(model, pixels)

    def decode_image(self, model: Model, latents: Tensor) -> Tensor:
        """See Family.decode_image."""
        from core.models.sd import sampling

        return sampling.decode_image(model, latents)

    def predict(
        self,
        model: Model,
        noisy: Tensor,
        timesteps: Tensor,
        texts: Sequence[TextState],
        frames: Sequence[Frame],
    ) -> Tensor:
        """The noise or velocity in latents (B, 4, h, w) at timesteps (B,); same shape."""
        import torch

        states = torch.stack([text.tensors["states"] for text in texts])
        unet = model.modules["unet"]
        return unet(noisy, timesteps, encoder_hidden_states=states, return_dict=False)[0]

    def schedule(self, model: Model, sampler: str, steps: int, size: Size) -> Any:
        """See Family.schedule. sampler: a key of catalog.SAMPLERS."""
        from core.models.sd import sampling

        return sampling.scheduler(model, sampler, steps)

    def lora_names(self, model: Model) -> Mapping[str, ModuleKey]:
        """Names that LoRA files of some programs give to the modules -> (part, module path)."""
        import torch

        from core.models.sd import lora_names

        layers = torch.nn.Linear | torch.nn.Conv2d
        unet, text = (
            [path for path, module in part.named_modules() if isinstance(module, layers)]
            for part in (model.modules["unet"], model.modules["text_encoder"])
        )
        return lora_names.others(model.spec, unet, text)

    def save(
        self,
        model: Model,
        path: Path,
        save_as: str,
        precision: str,
        metadata: Mapping[str, str],
        weights: Mapping[str, Mapping[str, Tensor]] | None = None,
    ) -> Path:
        """Write the whole model; returns where it lies.

        path: the file or folder, with or without its ending, which is set to what save_as needs.
        save_as, precision: the options save_model_as and save_precision. "auto" is the source's format, and
        each part's own precision: a trained part as it is in memory, a part that nobody changed bit for bit
        as in the source. What else a single-file source holds stays.
        weights: part -> module tensor name -> tensor, for parts whose modules carry adapters, or other
        weights (merged, averaged) than those to save; else the modules' own state is taken.
        Raises NumericFault when a weight is NaN or infinite, ResourceFault when the disk is full.
        """
        from core.models.sd import save

        return save.save(model, path, save_as, precision, metadata, weights or {})

    def convert(
        self,
        source: Path,
        family: str,
        target: Path,
        save_as: str,
        precision: str,
        watch: Watch | None = None,
    ) -> Path:
        """Write the model at `source` in another format or precision, tensor by tensor; returns its place.

        save_as: one of save_model_as, not "auto". precision: as save_precision; "auto" changes no bit.
        """
        from core.models.sd import save

        return save.convert(source, family, target, save_as, precision, watch)
