"""Diffusers' own pipeline on a model of ours, which our drawing is held against."""

from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

from core.models.family import Model, open_family


def pipeline(model: Model, sampler: str = "ddim") -> StableDiffusionPipeline | StableDiffusionXLPipeline:
    """Of these very modules, with our scheduler."""
    scheduler = open_family(model.spec.name).schedule(model, sampler, 30, model.spec.default_size)
    made = {**model.modules, "tokenizer": model.tokenizer["text_encoder"].clip, "scheduler": scheduler}
    if "text_encoder_2" in made:
        pipe = StableDiffusionXLPipeline(
            **made,
            tokenizer_2=model.tokenizer["text_encoder_2"].clip,
            force_zeros_for_empty_prompt=False,
            add_watermarker=False,
        )
    else:
        pipe = StableDiffusionPipeline(
            **made, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    pipe.set_progress_bar_config(disable=True)
    return pipe
