"""What pictures to draw: prompt lines and prompt files, as sd-scripts writes them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.catalog import SAMPLER_ALIASES, SAMPLERS, Size
from core.data.keys import key
from core.errors import Problem, UserError

STEPS = 30
GUIDANCE = 7.5
LARGEST_SIDE = 4096
FILES = (".txt", ".toml", ".json")

NAMES: Mapping[str, str] = {
    "negative_prompt": "n", "width": "w", "height": "h", "sample_steps": "s", "scale": "l", "seed": "d",
    "sample_sampler": "ss",
}  # fmt: skip
"""Key of a .toml or .json file -> the same option on a line."""


@dataclass(frozen=True)
class Prompt:
    """One picture to draw. guidance: of classifier-free guidance, 1 is none.

    sampler: a key of catalog.SAMPLERS, or "" for the run's own.
    """

    text: str
    negative: str
    size: Size
    steps: int
    guidance: float
    seed: int
    sampler: str = ""


def file_of(lines: Sequence[str]) -> Path | None:
    """The file that these lines name when they are one, and it ends like a file of prompts."""
    named = [line.strip() for line in lines if line.strip()]
    is_file = len(named) == 1 and Path(named[0]).suffix.lower() in FILES
    return Path(named[0]) if is_file else None


def parse(lines: Sequence[str], resolution: tuple[int, int], seed: int) -> tuple[Prompt, ...]:
    """The prompts of sample_prompts; a single line that names a file stands for what is in it.

    Syntax of sd-scripts: `text --n negative --w width --h height --d seed --s steps --l guidance
    --ss sampler`, # starts a comment. A .toml file has [prompt] with what all share and [[prompt.subset]] for
    each, a .json file a list of tables or lines.
    Raises UserError (E-SAMPLE) when a file is missing or a value is no number.
    """
    file = file_of(lines)
    entries = _of_file(file) if file is not None else _of_lines(lines)
    return tuple(_made(text, given, n, resolution, seed) for n, (text, given) in enumerate(entries))


def of_lines(lines: Sequence[str], resolution: tuple[int, int], seed: int) -> tuple[Prompt, ...]:
    """As `parse`, of lines that were typed while the run goes on: none of them stands for a file."""
    entries = enumerate(_of_lines(lines))
    return tuple(_made(text, given, n, resolution, seed) for n, (text, given) in entries)


def as_line(prompt: Prompt) -> str:
    """The line that says all of a prompt; reads back to the same."""
    words = " ".join(prompt.text.split())
    negative = f" --n {' '.join(prompt.negative.split())}" if prompt.negative.strip() else ""
    sampler = f" --ss {prompt.sampler}" if prompt.sampler else ""
    size = f" --w {prompt.size.width} --h {prompt.size.height}"
    return f"{words}{negative}{size} --s {prompt.steps} --l {prompt.guidance:g} --d {prompt.seed}{sampler}"


def _of_lines(lines: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Text and options of each line."""
    for line in lines:
        if line.strip() and not line.strip().startswith("#"):
            yield _of_line(line.strip())


def _of_line(line: str) -> tuple[str, dict[str, Any]]:
    text, *options = line.split(" --")
    given: dict[str, Any] = {}
    for option in options:
        name, _, value = option.strip().partition(" ")
        if name not in NAMES.values():
            raise _bad(line, f"--{name}")
        given[name] = value.strip()
    return text.strip(), given


def _of_file(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".txt":
            yield from _of_lines(text.splitlines())
            return
        tables = _tables(path, text)
    except (OSError, ValueError) as e:
        raise _bad_file(path, str(e)) from e
    for table in tables:
        if isinstance(table, str):
            yield _of_line(table.strip())
            continue
        if not isinstance(table, dict):
            raise _bad(str(table), str(table))
        unknown = table.keys() - NAMES.keys() - {"prompt", "subset"}
        if unknown:
            raise _bad(str(table.get("prompt", "")), min(unknown))
        yield (
            str(table.get("prompt", "")),
            {NAMES[k]: v for k, v in table.items() if k in NAMES and v is not None},
        )


def _tables(path: Path, text: str) -> list[Any]:
    """The prompts of a .toml or .json file. Raises ValueError when it is none."""
    if path.suffix.lower() == ".json":
        found = json.loads(text)
        if not isinstance(found, list):
            raise ValueError("no list")
        return found
    shared = tomllib.loads(text).get("prompt")
    subsets = shared.get("subset") if isinstance(shared, dict) else None
    if not isinstance(subsets, list):
        raise ValueError("no [[prompt.subset]]")
    return [{**shared, **subset} for subset in subsets]


def _made(text: str, given: Mapping[str, Any], number: int, resolution: tuple[int, int], seed: int) -> Prompt:
    # Without a seed of its own a prompt keeps one over the whole run, so that its pictures can be compared.
    values: dict[str, Any] = {
        "n": "", "w": resolution[0], "h": resolution[1], "s": STEPS, "l": GUIDANCE, "ss": "",
        "d": key(seed, "sample", number) % 2**32,
    }  # fmt: skip
    for name, value in given.items():
        try:
            values[name] = str(value) if name in ("n", "ss") else float(value) if name == "l" else int(value)
        except (TypeError, ValueError) as e:
            raise _bad(text, f"--{name} {value}") from e
    sampler = SAMPLER_ALIASES.get(values["ss"], values["ss"])
    if sampler and sampler not in SAMPLERS:
        raise _bad(text, f"--ss {sampler}")
    size = Size(*(min(max(values[side] // 8 * 8, 64), LARGEST_SIDE) for side in "wh"))
    steps = min(max(values["s"], 1), 1000)
    return Prompt(text, values["n"], size, steps, values["l"], values["d"] % 2**32, sampler)


def _bad_file(path: Path, reason: str) -> UserError:
    return UserError(
        Problem(
            "E-SAMPLE-FILE",
            f"the file of sample prompts can't be read ({reason}); it must be UTF-8: a .txt with one prompt "
            "a line, a .toml with [[prompt.subset]], or a .json list.",
            f"プロンプトのファイルを読み込めません（{reason}）。UTF-8で、1行に1つの.txt、[[prompt.subset]]の"
            "ある.toml、リストの.jsonのいずれかにしてください。",
            key="sample.sample_prompts",
            path=str(path),
        )
    )


def _bad(line: str, part: str) -> UserError:
    return UserError(
        Problem(
            "E-SAMPLE-PROMPT",
            f"{part!r} is not understood in the sample prompt {line!r}; there are --n text, "
            f"--w --h --d --s (whole numbers), --l (a number) and --ss ({', '.join(SAMPLERS)}).",
            f"サンプル用プロンプト{line!r}の{part!r}が正しくありません。"
            f"--n 文字列、--w --h --d --s 整数、--l 数値、--ss（{'、'.join(SAMPLERS)}）が使えます。",
            key="sample.sample_prompts",
        )
    )
