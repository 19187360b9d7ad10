"""Images while training, drawn from the very modules that are trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch import nn

from core.catalog import Role
from core.config.schema.run import RunConfig
from core.control import RunControl, SampleRequest, StopRun
from core.errors import UserError
from core.events import Emit, Saved, StageProgress, Warned
from core.models.draw import Drawing, draw
from core.models.family import Family, Model
from core.runs.sample_prompts import Prompt, of_lines
from core.train.device.engine import Engine
from core.train.inputs.lending import eval_mode, on_device
from core.train.inputs.text_states import TextStates
from core.train.outputs import messages
from core.train.outputs.thumbnail import Thumbnail

Numbered = tuple[tuple[int, Prompt], ...]
"""Prompts with their numbers."""


class Samples:
    """Draws the prompts of a run into its folder; the training goes on as if nothing had happened."""

    def __init__(
        self,
        family: Family,
        model: Model,
        text: TextStates,
        config: RunConfig,
        engine: Engine,
        folder: Path,
        prompts: Sequence[Prompt],
        load: Callable[[str], nn.Module],
    ) -> None:
        """folder: the run's. prompts: the run's own. load: reads a part that was dropped."""
        assert config.train.seed is not None, "the runner draws a seed before the run"
        self._resolution, self._seed = config.dataset.resolution, config.train.seed
        # Every prompt there ever was keeps its number, which rows of images and names of files go by.
        self._known = [*prompts]
        self._prompts: Numbered = tuple(enumerate(prompts))
        self._family, self._model, self._text, self._engine = family, model, text, engine
        self._load, self.thumbnail = load, Thumbnail(config.save)
        self._sampler = config.sample.sample_sampler
        self._folder = folder / "samples"

    def wanted(self, is_due: bool, wish: SampleRequest | None, emit: Emit) -> Numbered:
        """What to draw now: the run's own prompts when they are due or asked for, and those of a wish."""
        asked: Numbered = ()
        if wish is not None and wish.lines is not None:
            try:
                asked = self._numbered(of_lines(wish.lines, self._resolution, self._seed))
            except UserError as e:
                for problem in e.problems:
                    emit(Warned(messages.SAMPLE_REQUEST(fault=problem.words)))
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
            texts: tuple[Role, ...] = ("text",) if self._text.is_trained else ()
            parts = self._model.spec.names("denoiser", "vae", *texts)
            try:
                with (
                    on_device(self._model, parts, self._engine.device, self._load),
                    eval_mode([self._model.modules[part] for part in parts]),
                ):
                    self._draw_all(drawn, step, control, emit)
            except UserError as e:  # the VAE's file is gone
                emit(Warned(messages.SAMPLE_FAILED(reason=str(e))))
        self._engine.wait()

    def _draw_all(self, prompts: Numbered, step: int, control: RunControl, emit: Emit) -> None:
        total = sum(prompt.steps for _, prompt in prompts)
        done = 0
        for item, (number, prompt) in enumerate(prompts, 1):
            start = done

            def progress(
                timesteps: int, of: int, start: int = start, prompt: Prompt = prompt, item: int = item
            ) -> None:
                control.check_stop()  # a pause waits for the step, when the GPU can be given back
                # Some samplers look twice at most steps.
                steps = start + round(timesteps / of * prompt.steps)
                emit(StageProgress("sample", steps, total, item=item, items=len(prompts)))

            try:
                image = self._draw(prompt, progress)
                path = self._folder / f"step-{step:08d}_{number:02d}_{prompt.seed}.png"
                self._folder.mkdir(parents=True, exist_ok=True)
                image.save(path)
                if (number, prompt) in self._prompts[:1]:
                    self.thumbnail.take(image, step)
            except StopRun:
                raise
            except Exception as e:  # a preview must never end a training, whatever is wrong with it
                emit(Warned(messages.SAMPLE_FAILED(reason=f"{type(e).__name__}: {e}")))
                continue
            finally:
                done += prompt.steps
            emit(Saved("sample", str(path), step, _info(number, prompt)))

    def _draw(self, prompt: Prompt, progress: Callable[[int, int], None]) -> Image.Image:
        texts = self._text.of_prompts(prompt.text, prompt.negative)
        drawing = drawing_of(prompt, self._sampler)
        return draw(self._family, self._model, texts, drawing, self._engine.autocast, progress)[0]


def drawing_of(prompt: Prompt, sampler: str) -> Drawing:
    """How a prompt is drawn. sampler: unless it names one itself."""
    return Drawing(prompt.size, (prompt.seed,), prompt.sampler or sampler, prompt.steps, prompt.guidance)


def _info(number: int, prompt: Prompt) -> dict[str, Any]:
    """What a Saved event tells of an image."""
    return {
        "number": number,
        "prompt": prompt.text,
        "negative": prompt.negative,
        "seed": prompt.seed,
        "width": prompt.size.width,
        "height": prompt.size.height,
    }
