"""Diffusers' own pipeline on a model of ours, which our drawing is held against."""

from diffusers import StableDiffusionPipeline

from core.models.family import Model, open_family


def pipeline(model: Model, sampler: str = "ddim") -> StableDiffusionPipeline:
    """Of these very modules, with our scheduler."""
    pipe = StableDiffusionPipeline(
        vae=model.modules["vae"],
        text_encoder=model.modules["text_encoder"],
        tokenizer=model.tokenizer["text_encoder"].clip,
        unet=model.modules["unet"],
        scheduler=open_family("sd1").schedule(model, sampler, 30, model.spec.default_size),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe
