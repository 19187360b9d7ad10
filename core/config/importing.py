"""Other trainers' settings -> ours: a command line, an sd-scripts TOML, a kohya_ss JSON, LoRA metadata."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from core.config import kohya_gui, lora_metadata, pasted, sd_scripts
from core.config.check import Reading, refuse_datasets, take
from core.config.option import Option, walk
from core.config.schema import RunConfig
from core.errors import ConfigError, Problem

_LISTED = 12


@dataclass(frozen=True)
class Imported:
    """values: {"section.name": value}. report: what was taken, read as what, not needed, unknown, empty."""

    source: str
    values: Mapping[str, Any]
    report: tuple[Problem, ...]


def import_text(text: str) -> Imported:
    """Settings from pasted or loaded text, whichever kind it is. Raises ConfigError when it is none."""
    text = text.lstrip("\ufeff").strip()
    if text.startswith("{"):
        refuse_datasets(_document(text))
        pairs, notes = kohya_gui.settings(text)
        return _imported("kohya_ss JSON", pairs, notes)
    if pasted.is_command(text):
        pairs, notes = pasted.settings(text)
        return _imported("command line", pairs, notes)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(
            Problem(
                "E-IMPORT",
                f"this is neither a command line with --options, nor TOML, nor JSON ({e}).",
                f"「--オプション」のあるコマンドライン・TOML・JSONのいずれでもありません（{e}）。",
            )
        ) from e
    refuse_datasets(document)
    return _imported("TOML", _flat(document))


def is_dataset_config(text: str) -> bool:
    """Whether a text, TOML or JSON, describes data sets and not a run."""
    return isinstance(_document(text.lstrip("\ufeff")).get("datasets"), list)


def _document(text: str) -> Mapping[str, Any]:
    """The tables of a TOML or JSON text, or none."""
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def import_metadata(metadata: Mapping[str, str]) -> Imported:
    """The settings a LoRA was trained with, as far as its metadata tells them. Raises ConfigError."""
    return _imported("metadata", lora_metadata.settings(metadata))


def _flat(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Sections of an sd-scripts config file are decoration."""
    pairs: list[tuple[str, Any]] = []
    for name, value in document.items():
        pairs += _flat(value) if isinstance(value, dict) else [(name, value)]
    return [pair for pair in pairs if pair[0] != "format"]


def _imported(source: str, pairs: Iterable[tuple[str, Any]], notes: Sequence[Problem] = ()) -> Imported:
    """File each setting under our name for it, as its option's type."""
    reading = Reading()
    empty: list[Problem] = []
    for name, value in pairs:
        if isinstance(value, str) and re.fullmatch(r"<.*>", value.strip(), re.DOTALL):
            empty.append(_placeholder(name, value.strip()))
        else:
            number = typed(value)
            is_text = name not in sd_scripts.NOT_HERE and not isinstance(number, bool)
            take(reading, (name,), value if is_text else number)
    options = {option.key: option for option in walk(RunConfig)}
    values = {key: fitted(options[key], value) for key, value in reading.values.items()}
    said = [*notes, *empty, *(problem for _, problem in reading.problems)]
    left_out = [_left_out(problem) for problem in said if problem.is_error]
    report = [_taken(values), *left_out, *(problem for problem in said if not problem.is_error)]
    if "network.method" not in values:
        has_network = any(key.startswith("network.") for key in values)
        values["network.method"] = "lora" if has_network else "none"
    return Imported(source, values, tuple(report))


def fitted(option: Option, value: Any) -> Any:
    """The value as the option's type: "16" -> 16 for a number, "2024" stays text for a name.

    What fits in no way stays as it is, for the checker to name.
    """
    adapter: TypeAdapter[Any] = TypeAdapter(
        Annotated[(option.field.annotation, option.name, *option.field.metadata)]  # type: ignore[arg-type]
    )
    number = typed(value)
    is_whole = isinstance(number, float) and number.is_integer()
    candidates = [number, *((int(number),) if is_whole else ()), value, str(value)]
    for candidate in candidates:
        try:
            adapter.validate_python(candidate, strict=True)
        except ValidationError:
            continue
        return candidate
    return number


def typed(text: Any) -> Any:
    """A number or a truth value when the text is one, else the text."""
    if not isinstance(text, str):
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _taken(values: Mapping[str, Any]) -> Problem:
    names = [key.split(".")[1] for key in values]
    more = len(names) - _LISTED
    shown = ", ".join(names[:_LISTED])
    return Problem(
        "I-IMPORT-TAKEN",
        f"{len(names)} settings were taken: {shown}{f' and {more} more' if more > 0 else ''}.",
        f"{len(names)}個の設定を取り込みました：{shown}{f' ほか{more}個' if more > 0 else ''}。",
    )


def _left_out(problem: Problem) -> Problem:
    """What is wrong with a run file is, of settings that are taken over, what was not taken."""
    en, ja = (
        text.removesuffix(end)
        for text, end in zip((problem.en, problem.ja), sd_scripts.TAKE_OUT, strict=True)
    )
    stop = "" if en.endswith((".", "?")) else "."
    return replace(problem, en=f"not taken: {en}{stop}", ja=f"取り込んでいません：{ja}")


def _placeholder(name: str, found: str) -> Problem:
    return Problem(
        "W-IMPORT-EMPTY",
        f"{name} is still to be filled in: {found} only stands for a value.",
        f"{name}を入力してください（{found}は説明であり値ではありません）。",
    )
