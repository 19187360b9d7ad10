"""Regularization images: pictures of the class as the base model draws it, so that it stays as it is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from core.catalog import FAMILIES, SAMPLERS, Size
from core.config.pydantic_messages import shown
from core.config.schema.run import ModelConfig
from core.control import RunControl
from core.data.sources.folders import Folder, scan
from core.errors import Problem, UserError, plain_problem
from core.formats import atomic_write
from core.formats import partial_files as half_written
from core.formats.identify import identify
from core.models import precheck
from core.models.family import Components, Family, open_family

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

FORBIDDEN = '<>:"/\\|?*'
"""Signs that some system allows in no folder's name."""

MOST = 100_000
MOST_GUIDANCE = 1000.0


@dataclass(frozen=True)
class Settings:
    """What to draw.

    model: a file, a Diffusers folder or a Hub id. out: gets a folder `1_<class>` for each prompt.
    prompts: the classes, such as "frog"; () takes them from the folders of train_data_dir.
    count: pictures of each, or None for the number that train_data_dir needs.
    seed: of the first picture; the next has the next. batch: pictures drawn at once.
    resolution: (width, height), None for the model's own size.
    """

    model: str
    out: Path
    prompts: tuple[str, ...] = ()
    count: int | None = None
    train_data_dir: Path | None = None
    negative: str = ""
    resolution: tuple[int, int] | None = None
    sampler: str = "ddim"
    steps: int = 30
    guidance: float = 7.5
    seed: int = 0
    batch: int = 1


@dataclass(frozen=True)
class Wanted:
    """The pictures of one class. missing: seeds that are not there yet."""

    prompt: str
    folder: Path
    count: int
    missing: tuple[int, ...]


def plan(settings: Settings) -> tuple[Wanted, ...]:
    """What there is to draw, and what is there already. Raises UserError for settings that can't be meant."""
    problems = [*_faults(settings)]
    if problems:
        raise UserError(*problems)
    counts = _counts(settings)
    found = []
    for prompt, count in counts.items():
        folder = settings.out / _folder_name(prompt)
        seeds = range(settings.seed, settings.seed + count)
        missing = tuple(seed for seed in seeds if not _place(folder, seed).exists())
        found.append(Wanted(prompt, folder, count, missing))
    return tuple(found)


def make_images(
    settings: Settings, progress: Progress | None = None, control: RunControl | None = None
) -> tuple[Wanted, ...]:
    """Draw what is missing; returns the plan that was followed.

    A picture is named by its seed, and one that is there is never drawn or written again, so that a call
    that was broken off goes on where it was. A picture does not depend on how many were drawn at once.
    Raises UserError for a model or settings that are none, StopRun when `control` says so, ResourceFault when
    the disk is full.
    """

    def fetched(megabytes: int, of: int) -> None:
        if progress is not None:
            progress("fetch_model", megabytes, of)
        if control is not None:
            control.check_stop()

    def check(*step: Any) -> dict[str, Any]:
        if control is not None:
            control.check()
        return dict(step[-1]) if step else {}

    wanted = plan(settings)
    total = sum(part.count for part in wanted)
    done = total - sum(len(part.missing) for part in wanted)
    if done == total:
        return wanted
    model = ModelConfig(base=settings.model)
    precheck.fetch(model, fetched)
    family = open_family("auto")
    parts = family.load(settings.model, model, lambda event: check() and None)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for module in parts.modules().values():
        module.to(device)

    for part in wanted:
        part.folder.mkdir(parents=True, exist_ok=True)
        half_written.sweep(part.folder)
        for start in range(0, len(part.missing), settings.batch):
            check()
            seeds = part.missing[start : start + settings.batch]
            if progress is not None:
                progress("regularize", done, total)
            for seed, picture in zip(seeds, _draw(family, parts, settings, part, seeds, check), strict=True):
                _save(picture, _place(part.folder, seed))
            done += len(seeds)
    if progress is not None:
        progress("regularize", total, total)
    return wanted


def _counts(settings: Settings) -> dict[str, int]:
    """Pictures of each class.

    By the guide: repeats x images of the training folders, so that an epoch has as many of both. A class gets
    those of the folders whose words end with it; one that no folder names gets its share of all.
    """
    folders = _training_folders(settings.train_data_dir) if settings.train_data_dir is not None else ()
    prompts = settings.prompts or tuple(dict.fromkeys(_class_of(folder.prompt) for folder in folders))
    if settings.count is not None:
        return dict.fromkeys(prompts, settings.count)
    total = sum(_size(folder) for folder in folders)
    found = {}
    for prompt in prompts:
        own = sum(_size(f) for f in folders if f"_{f.prompt}".endswith((f" {prompt}", f"_{prompt}")))
        found[prompt] = own or -(-total // len(prompts))
    return found


def _training_folders(parent: Path) -> tuple[Folder, ...]:
    found = scan(parent, is_reg=False)
    errors = [problem for problem in found.problems if problem.is_error]
    if errors:
        raise UserError(*errors)
    return tuple(folder for folder in found.folders if folder.images and folder.prompt)


def _size(folder: Folder) -> int:
    return folder.repeats * len(folder.images)


def _class_of(words: str) -> str:
    """ "sls frog" -> "frog": what follows the identifier."""
    return words.partition(" ")[2].strip() or words


def _place(folder: Path, seed: int) -> Path:
    return folder / f"{seed:06d}.png"


def _draw(
    family: Family,
    parts: Components,
    settings: Settings,
    wanted: Wanted,
    seeds: Sequence[int],
    check: Callable[..., dict[str, Any]],
) -> list[Image.Image]:
    """One picture for each seed."""
    size = Size(*settings.resolution) if settings.resolution is not None else parts.spec.default_size
    device = parts.unet.device
    pipe = family.pipeline(parts, settings.sampler)
    with torch.no_grad():
        with _half(device):
            latents = pipe(
                [wanted.prompt] * len(seeds),
                negative_prompt=[settings.negative] * len(seeds),
                width=size.width,
                height=size.height,
                num_inference_steps=settings.steps,
                guidance_scale=settings.guidance,
                generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
                output_type="latent",
                callback_on_step_end=check,
            ).images
        # The VAE stays in float32 and takes one picture at a time: it needs the most memory of all.
        decoded = [
            parts.vae.decode(one[None].float() / parts.spec.latent_scale, return_dict=False)[0]
            for one in latents
        ]
    pictures: list[Image.Image] = pipe.image_processor.postprocess(torch.cat(decoded), output_type="pil")
    return pictures


@contextlib.contextmanager
def _half(device: torch.device) -> Iterator[None]:
    """bfloat16 where the card computes in it; fp16 overflows in some models of Stable Diffusion 2."""
    is_able = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    with torch.autocast(device.type, torch.bfloat16, enabled=is_able):
        yield


def _save(picture: Image.Image, path: Path) -> None:
    atomic_write.write_file(path, lambda file: picture.save(file, format="PNG"))


def _faults(settings: Settings) -> Iterator[Problem]:
    if not settings.prompts and settings.train_data_dir is None:
        yield plain_problem(
            "E-REG-PROMPT",
            "name a class to draw, such as frog, or the folder of the training pictures.",
            "生成するclass（例：frog）か、学習用画像のフォルダを指定してください。",
        )
    if any(not prompt.strip(f" .{FORBIDDEN}") for prompt in settings.prompts):
        yield plain_problem(
            "E-REG-PROMPT",
            "a class is empty; give a word such as frog.",
            "classが空です。frogなどの語を指定してください。",
        )
    if settings.count is None and settings.train_data_dir is None:
        yield plain_problem(
            "E-REG-COUNT",
            "say how many pictures, or name the folder of the training pictures, which tells the number.",
            "枚数か、枚数を決めるための学習用画像のフォルダを指定してください。",
        )
    if settings.count is not None and not 1 <= settings.count <= MOST:
        yield _out_of_range("the number of pictures", "枚数", settings.count, f"1 - {MOST:,}")
    if not 1 <= settings.steps <= 1000:
        yield _out_of_range("the number of steps", "ステップ数", settings.steps, "1 - 1000")
    if not 1 <= settings.batch <= 64:
        yield _out_of_range("the number of pictures at once", "同時に生成する枚数", settings.batch, "1 - 64")
    if not 0 <= settings.seed < 2**32:
        yield _out_of_range("the seed", "シード", settings.seed, "0 - 4294967295")
    if settings.sampler not in SAMPLERS:
        yield _out_of_range("the sampler", "サンプラー", settings.sampler, ", ".join(SAMPLERS))
    for side in settings.resolution or ():
        if side % 64 or not 64 <= side <= 4096:
            yield _out_of_range("a side", "解像度", side, "64, 128, ... 4096")
    if not abs(settings.guidance) <= MOST_GUIDANCE:  # also NaN
        yield _out_of_range("the guidance scale", "CFGスケール", settings.guidance, f"0 - {MOST_GUIDANCE:g}")
    yield from _misplaced(settings)
    found = identify(Path(settings.model)) if Path(settings.model).exists() else None
    if found is not None and not found.problems and (found.kind != "model" or found.family not in FAMILIES):
        yield plain_problem(
            "E-MODEL-KIND",
            f"{settings.model} is no base model of Stable Diffusion 1 or 2.",
            f"{settings.model} はStable Diffusion 1・2の元モデルではありません。",
            path=settings.model,
        )


def _folder_name(prompt: str) -> str:
    return f"1_{''.join(' ' if c in FORBIDDEN else c for c in prompt).strip(' .')}"


def _misplaced(settings: Settings) -> Iterator[Problem]:
    """Pictures that would be trained as the subject, and those that would be drawn over one another."""
    train = settings.train_data_dir
    if train is not None and os.path.realpath(train) == os.path.realpath(settings.out):
        yield plain_problem(
            "E-REG-PLACE",
            f"the new pictures must not go into the folder of training pictures ({train}), where they "
            "would be trained as such; choose another folder.",
            f"学習用画像のフォルダ（{train}）の中に生成すると学習用画像として扱われます。"
            "別のフォルダを指定してください。",
            path=str(settings.out),
        )
    first: dict[str, str] = {}
    for prompt in dict.fromkeys(settings.prompts):
        other = first.setdefault(_folder_name(prompt).casefold(), prompt)
        if other != prompt:
            yield plain_problem(
                "E-REG-PROMPT",
                f"{shown(other)} and {shown(prompt)} would share the folder {_folder_name(prompt)}; "
                "draw one of them into another folder.",
                f"{shown(other)}と{shown(prompt)}の保存先が同じフォルダ（{_folder_name(prompt)}）になります。"
                "片方を別のフォルダに生成してください。",
            )


def _out_of_range(en: str, ja: str, value: object, allowed: str) -> Problem:
    return plain_problem(
        "E-REG-RANGE",
        f"{en} can't be {value}; it must be one of {allowed}.",
        f"{ja}が{value}になっています。{allowed}のいずれかにしてください。",
    )
