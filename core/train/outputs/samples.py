"""Pictures while training, drawn by diffusers' pipeline from the very modules that are trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn

from core.config.schema.run import ModelConfig, RunConfig
from core.control import RunControl, SampleWish, StopRun
from core.errors import UserError, plain_problem
from core.events import Emit, Saved, StageProgress, Warned
from core.models.family import Components, Family
from core.runs.sample_prompts import Prompt, of_lines, parse
from core.train.device.engine import Engine

Numbered = tuple[tuple[int, Prompt], ...]
"""Prompts with their numbers."""


class Samples:
    """Draws the prompts of a run into its folder; the training goes on as if nothing had happened."""

    def __init__(
        self, family: Family, parts: Components, config: RunConfig, engine: Engine, folder: Path
    ) -> None:
        assert config.train.seed is not None, "the runner draws a seed before the run"
        self._resolution, self._seed = config.dataset.resolution, config.train.seed
        prompts = parse(config.sample.sample_prompts, self._resolution, self._seed)
        # Every prompt there ever was keeps its number, which rows of pictures and names of files go by.
        self._known = [*prompts]
        self._prompts: Numbered = tuple(enumerate(prompts))
        self._family, self._parts, self._engine = family, parts, engine
        self._sampler = config.sample.sample_sampler
        self._folder = folder / "samples"
        self._text_config = config.model

    def wanted(self, is_due: bool, wish: SampleWish | None, emit: Emit) -> Numbered:
        """What to draw now: the run's own prompts when they are due or asked for, and those of a wish."""
        asked: Numbered = ()
        if wish is not None and wish.lines is not None:
            try:
                asked = self._numbered(of_lines(wish.lines, self._resolution, self._seed))
            except UserError as e:
                for problem in e.problems:
                    emit(Warned(plain_problem("W-SAMPLE", problem.en, problem.ja)))
            if wish.is_kept and asked:
                self._prompts = asked
        is_asked = wish is not None and wish.lines is None
        return tuple(dict.fromkeys((*(self._prompts if is_due or is_asked else ()), *asked)))

    def _numbered(self, prompts: Sequence[Prompt]) -> Numbered:
        self._known += [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._known]
        return tuple((self._known.index(prompt), prompt) for prompt in dict.fromkeys(prompts))

    def draw(self, step: int, control: RunControl, emit: Emit, prompts: Numbered | None = None) -> None:
        """Draw these prompts or the run's own, on the main process. Raises StopRun when asked to stop."""
        drawn = self._prompts if prompts is None else prompts
        if drawn and self._engine.is_main:
            modules = [self._parts.unet, self._parts.text_encoder, self._parts.vae]
            with _Lent(modules, self._engine.device), torch.no_grad():
                self._draw_all(drawn, step, control, emit)
        self._engine.wait()

    def _draw_all(self, prompts: Numbered, step: int, control: RunControl, emit: Emit) -> None:
        total = sum(prompt.steps for _, prompt in prompts)
        done = 0
        for item, (number, prompt) in enumerate(prompts, 1):
            start = done

            def progress(
                pipeline: Any,
                n: int,
                t: Any,
                values: dict[str, Any],
                start: int = start,
                prompt: Prompt = prompt,
                item: int = item,
            ) -> dict[str, Any]:
                control.check_stop()  # a pause waits for the step, when the GPU can be given back
                # Some samplers look twice at most steps.
                steps = round((n + 1) / pipeline.num_timesteps * prompt.steps)
                emit(StageProgress("sample", start + steps, total, item=item, items=len(prompts)))
                return values

            try:
                picture = self._draw(prompt, progress)
                path = self._folder / f"step-{step:08d}_{number:02d}_{prompt.seed}.png"
                self._folder.mkdir(parents=True, exist_ok=True)
                picture.save(path)
            except StopRun:
                raise
            except Exception as e:  # a preview must never end a training, whatever is wrong with it
                emit(
                    Warned(
                        plain_problem(
                            "W-SAMPLE",
                            "the sample picture could not be drawn "
                            f"({type(e).__name__}: {e}); training goes on.",
                            "サンプル画像を生成できませんでした（"
                            f"{type(e).__name__}: {e}）。学習は続けます。",
                        )
                    )
                )
                continue
            finally:
                done += prompt.steps
            emit(Saved("sample", str(path), step, _info(number, prompt)))

    def _draw(self, prompt: Prompt, progress: Any) -> Image.Image:
        sampler = prompt.sampler or self._sampler
        return picture(
            self._family, self._parts, self._text_config, prompt, sampler, self._engine.autocast, progress
        )


def picture(
    family: Family,
    parts: Components,
    config: ModelConfig,
    prompt: Prompt,
    sampler: str,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
    progress: Any = None,
) -> Image.Image:
    """What a model draws of a prompt, with the text as the training reads it; without gradients.

    config: how captions are read (clip_skip, max_token_length). progress: Diffusers' callback after a step.
    """
    device = parts.unet.device
    pipeline = family.pipeline(parts, sampler)
    pipeline.set_progress_bar_config(disable=True)
    # Captions of a training without padding have no fixed length; guidance needs two texts of one length.
    padded = config.model_copy(update={"no_token_padding": False})
    with torch.no_grad(), autocast():
        ids = family.tokenize(parts, [prompt.text, prompt.negative], padded).to(device)
        states = family.encode_text(parts, ids, padded).encoder_hidden_states.float()
        latents = pipeline(
            prompt_embeds=states[:1],
            negative_prompt_embeds=states[1:],
            width=prompt.size.width,
            height=prompt.size.height,
            num_inference_steps=prompt.steps,
            guidance_scale=prompt.guidance,
            generator=torch.Generator("cpu").manual_seed(prompt.seed),
            output_type="latent",
            callback_on_step_end=progress,
        ).images
    # The VAE stays in float32: in fp16 its activations overflow for some models.
    with torch.no_grad():
        decoded = parts.vae.decode(latents.float() / parts.spec.latent_scale, return_dict=False)[0]
    drawn: Image.Image = pipeline.image_processor.postprocess(decoded, output_type="pil")[0]
    return drawn


def _info(number: int, prompt: Prompt) -> dict[str, Any]:
    """What a Saved event tells of a picture."""
    return {
        "number": number,
        "prompt": prompt.text,
        "negative": prompt.negative,
        "seed": prompt.seed,
        "width": prompt.size.width,
        "height": prompt.size.height,
    }


class _Lent:
    """Modules on the device and without dropout for a while, then where and as they were."""

    def __init__(self, modules: Iterable[nn.Module], device: torch.device) -> None:
        self._modules, self._device = [*modules], device

    def __enter__(self) -> None:
        self._before = [(module.training, next(module.parameters()).device) for module in self._modules]
        for module in self._modules:
            module.eval().to(self._device)

    def __exit__(self, *exception: object) -> None:
        for module, (is_training, device) in zip(self._modules, self._before, strict=True):
            module.train(is_training).to(device)
