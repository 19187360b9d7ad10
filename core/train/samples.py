"""Pictures while training, drawn by diffusers' pipeline from the very modules that are trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn

from core.catalog import Size
from core.config.schema import RunConfig
from core.control import RunControl, StopRun
from core.errors import Problem, UserError
from core.events import Emit, Saved, StageProgress, Warned
from core.models.family import Components, Family
from core.train.engine import Engine
from core.train.keys import torch_seed

STEPS = 20
GUIDANCE = 7.5
LARGEST_SIDE = 4096


@dataclass(frozen=True)
class Prompt:
    """One picture to draw. guidance: of classifier-free guidance, 1 is none."""

    text: str
    negative: str
    size: Size
    steps: int
    guidance: float
    seed: int


def parse(lines: Sequence[str], resolution: tuple[int, int], seed: int) -> tuple[Prompt, ...]:
    """The prompts of sample_prompts; a single line that names a .txt file stands for that file's lines.

    Syntax of sd-scripts: `text --n negative --w width --h height --d seed --s steps --l guidance`, # starts a
    comment.
    Raises UserError (E-SAMPLE) when a file is missing or a value is no number.
    """
    if len(lines) == 1 and lines[0].lower().endswith(".txt"):
        lines = _read(Path(lines[0]))
    wanted = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    return tuple(_parse_line(line, n, resolution, seed) for n, line in enumerate(wanted))


def _read(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise UserError(
            Problem(
                "E-SAMPLE-FILE",
                f"the file of sample prompts can't be read ({e}); it must be UTF-8 text, one prompt a line",
                f"プロンプトのファイルを読み込めません（{e}）。1行に1つのUTF-8テキストにしてください",
                key="sample.sample_prompts",
                path=str(path),
            )
        ) from e


def _parse_line(line: str, number: int, resolution: tuple[int, int], seed: int) -> Prompt:
    text, *options = line.split(" --")
    # Without a seed of its own a prompt keeps one over the whole run, so that its pictures can be compared.
    values: dict[str, Any] = {
        "n": "", "w": resolution[0], "h": resolution[1], "s": STEPS, "l": GUIDANCE,
        "d": torch_seed(seed, "sample", number) % 2**32,
    }  # fmt: skip
    for option in options:
        name, _, value = option.strip().partition(" ")
        if name not in values:
            raise _bad_line(line, f"--{name}")
        try:
            values[name] = value.strip() if name == "n" else float(value) if name == "l" else int(value)
        except ValueError as e:
            raise _bad_line(line, f"--{name} {value}") from e
    size = Size(*(min(max(values[side] // 8 * 8, 64), LARGEST_SIDE) for side in "wh"))
    steps = min(max(values["s"], 1), 1000)
    return Prompt(text.strip(), values["n"], size, steps, values["l"], values["d"] % 2**32)


def _bad_line(line: str, part: str) -> UserError:
    return UserError(
        Problem(
            "E-SAMPLE-PROMPT",
            f"{part!r} is not understood in the sample prompt {line!r}; there are --n text, "
            "--w --h --d --s (whole numbers) and --l (a number)",
            f"サンプル用プロンプト{line!r}の{part!r}が正しくありません。"
            "--n 文字列、--w --h --d --s 整数、--l 数値が使えます",
            key="sample.sample_prompts",
        )
    )


class Samples:
    """Draws the prompts of a run into its folder; the training goes on as if nothing had happened."""

    def __init__(
        self, family: Family, parts: Components, config: RunConfig, engine: Engine, folder: Path
    ) -> None:
        assert config.train.seed is not None, "the runner draws a seed before the run"
        self.prompts = parse(config.sample.sample_prompts, config.dataset.resolution, config.train.seed)
        self._family, self._parts, self._engine = family, parts, engine
        self._sampler = config.sample.sample_sampler
        self._folder = folder / "samples"
        # Captions of a training without padding have no fixed length; guidance needs two texts of one length.
        self._text_config = config.model.model_copy(update={"no_token_padding": False})

    def draw(self, step: int, control: RunControl, emit: Emit) -> None:
        """Draw every prompt, on the main process. Raises StopRun when a person wants to stop."""
        if self.prompts and self._engine.is_main:
            modules = [self._parts.unet, self._parts.text_encoder, self._parts.vae]
            with _Lent(modules, self._engine.device), torch.no_grad():
                self._draw_all(step, control, emit)
        self._engine.wait()

    def _draw_all(self, step: int, control: RunControl, emit: Emit) -> None:
        total = sum(prompt.steps for prompt in self.prompts)
        done = 0
        for number, prompt in enumerate(self.prompts):
            start = done

            def progress(
                pipeline: Any, n: int, t: Any, values: dict[str, Any], start: int = start
            ) -> dict[str, Any]:
                control.check()
                emit(StageProgress("sample", start + n + 1, total))
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
                        "W-SAMPLE",
                        f"the sample picture could not be drawn ({type(e).__name__}: {e}); training goes on",
                        f"サンプル画像を生成できませんでした（{type(e).__name__}: {e}）。学習は続けます",
                    )
                )
                continue
            finally:
                done += prompt.steps
            emit(Saved("sample", str(path), step, _info(number, prompt)))

    def _draw(self, prompt: Prompt, progress: Any) -> Image.Image:
        parts, engine = self._parts, self._engine
        pipeline = self._family.pipeline(parts, self._sampler)
        pipeline.set_progress_bar_config(disable=True)
        texts = [prompt.text, prompt.negative]
        with engine.autocast():
            ids = self._family.tokenize(parts, texts, self._text_config).to(engine.device)
            states = self._family.encode_text(parts, ids, self._text_config).encoder_hidden_states.float()
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
        decoded = parts.vae.decode(latents.float() / parts.spec.latent_scale, return_dict=False)[0]
        picture: Image.Image = pipeline.image_processor.postprocess(decoded, output_type="pil")[0]
        return picture


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
