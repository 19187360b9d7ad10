"""Stable Diffusion 1 and 2: one code, the differences are facts in the catalog. Knows no training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from core.adapters.targets import ModuleKey
    from core.config.schema.run import ModelConfig
    from core.diffusion.objective import Objective
    from core.events import Emit
    from core.formats.tensors import Watch
    from core.models.family import Components, Conditioning


class SD:
    """The functions of the family; holds nothing. Imports torch on use, so that `tokens` stays quick."""

    def load(
        self,
        base: str,
        config: ModelConfig,
        emit: Emit,
        with_vae: Callable[[Components], None] | None = None,
        with_text: Callable[[Components], None] | None = None,
    ) -> Components:
        """The model at `base`, float32 on the CPU, frozen and in eval mode, with `config.vae` put in.

        with_vae: called when the VAE is there and the other parts are known to fit but not read yet, so that
        what is done with the VAE alone is over before memory holds them all. with_text: called when the text
        encoder is there too, and the U-Net is not.
        base: a .safetensors or .ckpt file, a Diffusers folder, or a Hugging Face id; an existing path wins.
        Raises UserError when it is missing, damaged, something else than config.family says, or not a model
        at all.
        """
        from core.models.sd import load

        return load.load(base, config, emit, with_vae, with_text)

    def tokenize(self, parts: Components, captions: Sequence[str], config: ModelConfig) -> Tensor:
        """Token ids (B, max_token_length + 2); with no_token_padding only as long as the longest caption."""
        from core.models.sd import text

        return text.tokenize(parts.tokenizer, captions, config.max_token_length, config.no_token_padding)

    def encode_text(self, parts: Components, token_ids: Tensor, config: ModelConfig) -> Conditioning:
        """Text states (B, tokens, width) of token ids; keeps gradients when the text encoder is trained."""
        from core.models.sd import text

        return text.encode(parts.text_encoder, token_ids, config.clip_skip, parts.tokenizer)

    def count_tokens(self, text: str) -> int:
        """How many tokens a caption takes, without the marks of start and end. Needs no model."""
        from core.models.sd import tokens

        return tokens.count_tokens(text)

    def encode_image(self, parts: Components, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the latents, each (B, 4, H/8, W/8), times latent_scale.

        pixels: (B, 3, H, W) in [-1, 1].
        """
        from core.models.sd import sampling

        return sampling.encode_image(parts, pixels)

    def predict(
        self, parts: Components, noisy_latents: Tensor, timesteps: Tensor, cond: Conditioning
    ) -> Tensor:
        """The noise or velocity (parts.prediction) in latents (B, 4, h, w) at timesteps (B,); same shape."""
        return parts.unet(
            noisy_latents, timesteps, encoder_hidden_states=cond.encoder_hidden_states, return_dict=False
        )[0]

    def objective(self, parts: Components) -> Objective:
        """parts.prediction over the betas that Stable Diffusion was trained with."""
        from core.models.sd import sampling

        return sampling.objective(parts)

    def pipeline(self, parts: Components, sampler: str) -> Any:
        """Diffusers' StableDiffusionPipeline on these very modules. sampler: a key of catalog.SAMPLERS."""
        from core.models.sd import sampling

        return sampling.pipeline(parts, sampler)

    def lora_names(self, parts: Components) -> Mapping[str, ModuleKey]:
        """Names that LoRA files of some programs give to the modules -> (part, module path)."""
        import torch

        from core.models.sd import lora_names

        layers = torch.nn.Linear | torch.nn.Conv2d
        unet, text = (
            [path for path, module in part.named_modules() if isinstance(module, layers)]
            for part in (parts.unet, parts.text_encoder)
        )
        return lora_names.others(parts.spec, unet, text)

    def save(
        self,
        parts: Components,
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

        return save.save(parts, path, save_as, precision, metadata, weights or {})

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
