"""What images to draw: prompt lines and prompt files, as sd-scripts writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.catalog import SAMPLER_ALIASES, SAMPLERS, Size, Words
from core.config.pydantic_messages import shown
from core.config.schema.numbers import decimal, whole
from core.config.schema.run import RunConfig
from core.data.keyed_random import key
from core.errors import Problem, UserError
from core.families import FAMILIES
from core.runs import messages, sample_prompt_files
from core.runs.sample_prompt_files import FILES, Entry

STEPS = 30
GUIDANCE = 7.5
SMALLEST_SIDE, LARGEST_SIDE = 64, 4096
SIDE_STEP = math.lcm(*(family.latent_stride for family in FAMILIES.values()))
"""Pixels of a latent cell: an image has whole ones, of whichever family it is."""
MOST_STEPS = 1000
MOST_GUIDANCE = 1000.0
_PATH_OF_A_FILE = re.compile(r"([A-Za-z]:[\\/]|/|\\\\|~[\\/]).*\.\w{1,8}")
"""An absolute path that ends as a file's name does, with no option behind it."""
MANY = 100
"""Prompts that take longer to draw than most trainings take."""


@dataclass(frozen=True)
class Prompt:
    """One image to draw. guidance: of classifier-free guidance, 1 is none.

    sampler: a key of catalog.SAMPLERS, or "" for the run's own.
    """

    text: str
    negative: str
    size: Size
    steps: int
    guidance: float
    seed: int
    sampler: str = ""


@dataclass
class _Reading:
    """Prompts that are understood, and what is wrong or read as something else."""

    prompts: list[Prompt] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def file_of(lines: Sequence[str]) -> Path | None:
    """The file that these lines name when they are one, and it ends like a file of prompts."""
    named = [line.strip() for line in lines if line.strip()]
    is_file = len(named) == 1 and Path(named[0]).suffix.lower() in FILES
    return Path(named[0]) if is_file else None


def _refuse_other_file(lines: Sequence[str]) -> None:
    """The path of a file with another ending would be drawn as a prompt. Raises UserError.

    Known by its text alone: what files there are is nothing to tell those who reach the page from outside.
    """
    named = [line.strip() for line in lines if line.strip()]
    if len(named) == 1 and _PATH_OF_A_FILE.fullmatch(named[0]):
        suffixes = Words(", ".join(FILES), "・".join(FILES))
        raise UserError(messages.PATH_AS_PROMPT(prompt=shown(named[0]), suffixes=suffixes))


def parse(lines: Sequence[str], resolution: tuple[int, int], seed: int) -> tuple[Prompt, ...]:
    """The prompts of sample_prompts; a single line that names a file stands for what is in it.

    Syntax of sd-scripts: `text --n negative --w width --h height --d seed --s steps --l guidance
    --ss sampler`, # starts a comment. A .toml file has [prompt] with what all share and [[prompt.subset]] for
    each, a .json file a list of tables or lines.
    Raises UserError (E-SAMPLE) with every value that is no number, or when a file can't be read.
    """
    return _refusing(_of(lines, resolution, seed))


def of_lines(lines: Sequence[str], resolution: tuple[int, int], seed: int) -> tuple[Prompt, ...]:
    """As `parse`, of lines that were typed while the run goes on: none of them stands for a file."""
    return _refusing(_made(sample_prompt_files.of_lines(lines), resolution, seed, None))


def sizes(lines: Sequence[str], resolution: tuple[int, int]) -> tuple[Size, ...]:
    """The sizes that these lines ask for, whatever else is wrong with them; a file is not looked into."""
    return tuple(
        prompt.size for prompt in _made(sample_prompt_files.of_lines(lines), resolution, 0, None).prompts
    )


def problems(config: RunConfig) -> tuple[Problem, ...]:
    """What is wrong with the sample prompts of a run, and what of them is read as something else."""
    sample = config.sample
    try:
        reading = _of(sample.sample_prompts, config.dataset.resolution, config.train.seed or 0)
    except UserError as e:
        return e.problems
    is_wanted = sample.sample_every_n_steps or sample.sample_every_n_epochs or sample.sample_at_first
    found = reading.problems
    if sample.sample_prompts and not reading.prompts and not found:
        path = file_of(sample.sample_prompts)
        problem = messages.NO_PROMPT(path=path or "")
        found.append(problem if is_wanted else problem.as_warning())
    if is_wanted and len(reading.prompts) > MANY:
        found.append(messages.MANY_PROMPTS(count=len(reading.prompts)))
    return tuple(found)


def as_line(prompt: Prompt) -> str:
    """The line that says all of a prompt; reads back to the same."""
    words = " ".join(prompt.text.split())
    negative = f" --n {' '.join(prompt.negative.split())}" if prompt.negative.strip() else ""
    sampler = f" --ss {prompt.sampler}" if prompt.sampler else ""
    size = f" --w {prompt.size.width} --h {prompt.size.height}"
    return f"{words}{negative}{size} --s {prompt.steps} --l {prompt.guidance:g} --d {prompt.seed}{sampler}"


def _of(lines: Sequence[str], resolution: tuple[int, int], seed: int) -> _Reading:
    file = file_of(lines)
    if file is None:
        _refuse_other_file(lines)
    entries = sample_prompt_files.of_lines(lines) if file is None else sample_prompt_files.read(file)
    return _made(entries, resolution, seed, file)


def _refusing(reading: _Reading) -> tuple[Prompt, ...]:
    if any(problem.is_error for problem in reading.problems):
        raise UserError(*reading.problems)
    return tuple(reading.prompts)


def _made(entries: Iterable[Entry], resolution: tuple[int, int], seed: int, file: Path | None) -> _Reading:
    reading = _Reading()
    for number, entry in enumerate(entries):
        # Without a seed of its own a prompt keeps one over the whole run: its images can be compared.
        own_seed = key(seed, "sample", number) % 2**32
        faults, notes = list(entry.faults), list[Words]()
        prompt = _prompt(entry, resolution, own_seed, faults, notes)
        place: dict[str, Any] = {"path": file or "", "line": entry.line, "prompt": entry.place}
        reading.problems += [messages.BAD_PROMPT(fault=fault, **place) for fault in faults]
        reading.problems += [messages.BAD_PROMPT(fault=note, **place).as_warning() for note in notes]
        reading.prompts.append(prompt)
    return reading


def _prompt(
    entry: Entry, resolution: tuple[int, int], own_seed: int, faults: list[Words], notes: list[Words]
) -> Prompt:
    """The prompt of an entry; what it says that is no number or no sampler goes into the faults."""
    given = entry.given

    def number(name: str, default: int) -> int:
        found = _whole(given.get(name, default))
        if found is None:
            faults.append(_no_number(name, given[name], "whole number", "整数"))
        return default if found is None else found

    def within(name: str, asked: int, low: int, high: int) -> int:
        used = min(max(asked, low), high)
        if used != asked:
            notes.append(
                Words(
                    f"--{name} {shown(asked)} is read as {used}",
                    f"--{name} {shown(asked)}は{used}として読みました",
                    f"--{name} {shown(asked)}按{used}读取",
                )
            )
        return used

    asked = Size(number("w", resolution[0]), number("h", resolution[1]))
    size = Size(*(min(max(side // SIDE_STEP * SIDE_STEP, SMALLEST_SIDE), LARGEST_SIDE) for side in asked))
    if size != asked and not faults:
        notes.append(_rounded(asked, size))
    steps = within("s", number("s", STEPS), 1, MOST_STEPS)
    seed = within("d", number("d", own_seed), 0, 2**32 - 1)
    sampler = given.get("ss", "")
    known = SAMPLER_ALIASES.get(sampler, sampler) if isinstance(sampler, str) else shown(sampler)
    if known and known not in SAMPLERS:
        faults.append(
            Words(
                f"there is no sampler {shown(known)}; there are {', '.join(SAMPLERS)}",
                f"サンプラー{shown(known)}はありません（{'、'.join(SAMPLERS)}が使えます）",
                f"没有采样器{shown(known)}；可用的有{'、'.join(SAMPLERS)}",
            )
        )
    negative = given.get("n", "")
    for text in (entry.text, negative):
        if not isinstance(text, str) or _holds_no_text(text):
            faults.append(
                Words(
                    f"{shown(text)} is no text",
                    f"{shown(text)}は文字列ではありません",
                    f"{shown(text)}不是文本",
                )
            )
    guidance = _guidance(given, faults)
    return Prompt(entry.text, str(negative), size, steps, guidance, seed, known)


def _holds_no_text(text: str) -> bool:
    """Half a character, or the zero of a file in UTF-16 without its mark."""
    return any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in text)


def _whole(value: Any) -> int | None:
    """A whole number in text or as the file has it, also 512.0."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _guidance(given: Any, faults: list[Words]) -> float:
    value = given.get("l", GUIDANCE)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    found = decimal(value) if isinstance(value, str) else value if is_number else None
    if found is None or not -MOST_GUIDANCE <= found <= MOST_GUIDANCE:
        faults.append(
            _no_number("l", value, f"number up to {MOST_GUIDANCE:g}", f"{MOST_GUIDANCE:g}以下の数値")
        )
        return GUIDANCE
    return float(found)


def _no_number(name: str, value: Any, en: str, ja: str) -> Words:
    found = shown(value) if value != "" else "nothing"
    found_ja = shown(value) if value != "" else "なし"
    return Words(f"--{name} must be a {en}, found {found}", f"--{name}は{ja}にしてください（値：{found_ja}）")


def _rounded(asked: Size, size: Size) -> Words:
    before, after = f"{shown(asked.width)}×{shown(asked.height)}", f"{size.width}×{size.height}"
    return Words(
        f"a size of {before} is drawn as {after}: sides are multiples of {SIDE_STEP} from {SMALLEST_SIDE} to "
        f"{LARGEST_SIDE}",
        f"{before}は{after}で生成します（辺は{SMALLEST_SIDE}〜{LARGEST_SIDE}の{SIDE_STEP}の倍数です）",
        f"{before}会按{after}生成（边长为{SMALLEST_SIDE}至{LARGEST_SIDE}之间{SIDE_STEP}的倍数）",
    )
