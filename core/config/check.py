"""TOML text -> a checked RunConfig, or every problem in it with its line. The only way a run file is read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.config import rules, sd_scripts, toml_io, wording
from core.config.lines import key_lines
from core.config.option import walk
from core.config.schema import FORMAT, RunConfig
from core.errors import ConfigError, Problem

KeyPath = tuple[str | int, ...]

SECTIONS = tuple(dict.fromkeys(option.section for option in walk(RunConfig)))
KEYS = frozenset(option.key for option in walk(RunConfig))


@dataclass(frozen=True)
class Checked:
    """A run file that can start. notices: what was read as what, and warnings, none of them an error.

    lines: line of each of our keys that the text sets, counted from 1.
    """

    config: RunConfig
    notices: tuple[Problem, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    def located(self, found: Iterable[Problem]) -> tuple[Problem, ...]:
        """Problems that came to light later, in the words and at the lines of this text."""
        return tuple(
            replace(p, line=self.lines.get(p.key), path="" if p.path in p.en else p.path) for p in found
        )


@dataclass
class Reading:
    """What is gathered while a text is read: values by our key, where each came from, what is wrong."""

    values: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, KeyPath] = field(default_factory=dict)
    problems: list[tuple[KeyPath, Problem]] = field(default_factory=list)

    def put(self, key: str, value: Any, path: KeyPath) -> None:
        if key in self.values and self.values[key] != value:
            before, flags = str(self.origin[key][-1]), list(sd_scripts.ATTENTION_FLAGS)
            if before in flags and path[-1] in flags:
                if flags.index(before) < flags.index(str(path[-1])):
                    return
                self.values[key], self.origin[key] = value, path
                return
            if key == "train.precision" and self._joins_precision(value, path):
                return
            first = ".".join(map(str, self.origin[key]))
            self.problems.append(
                (
                    path,
                    Problem(
                        "E-CFG-TWICE",
                        f"{first} already sets {key} to {self.values[key]!r}; take one of them out.",
                        f"{first}が{key}を{self.values[key]!r}に設定済みです。どちらかを削除してください。",
                    ),
                )
            )
            return
        self.values[key] = value
        self.origin[key] = path

    def _joins_precision(self, value: Any, path: KeyPath) -> bool:
        """Whether full_fp16 or full_bf16 stands beside a mixed_precision; a wrong one is a problem."""
        full = next(
            (v for v in (value, self.values["train.precision"]) if v in sd_scripts.FULL_PRECISIONS), ""
        )
        if not full:
            return False
        needed = sd_scripts.FULL_PRECISIONS[full]
        other = value if value != full else self.values["train.precision"]
        if other == needed:
            self.values["train.precision"] = full
            return True
        self.problems.append(
            (
                path,
                Problem(
                    "E-CFG-TOGETHER",
                    f"{full} needs mixed_precision {needed!r}, not {other!r}; set it, or take {full} out.",
                    f"{full}にはmixed_precision={needed}が必要です（値：{other}）。"
                    f"変更するか、{full}を外してください。",
                ),
            )
        )
        return True


def load(path: Path, overrides: Sequence[str] = ()) -> Checked:
    """Check a run file on disk; see `check`."""
    return check(toml_io.read(path), overrides)


def check(text: str, overrides: Sequence[str] = ()) -> Checked:
    """The run that a TOML text describes.

    Our own names and the guide's are both understood. A text without `format` that names no network trains
    the model itself, as sd-scripts' train_db does.

    overrides: "section.key=value" with TOML values, as `--set` gives them; checked like the text.
    Raises ConfigError with every problem found.
    """
    values, notices = read_values(text, overrides)
    return _build(values, notices, key_lines(text.lstrip("\ufeff")))


def read_values(text: str, overrides: Sequence[str] = ()) -> tuple[Reading, list[tuple[KeyPath, Problem]]]:
    """The options a text names, by our keys, before types and rules are looked at."""
    document = toml_io.parse(text)
    refuse_datasets(document)
    reading = Reading()
    declared_format = document.pop("format", None)
    if declared_format not in (None, FORMAT):
        reading.problems.append(
            (
                ("format",),
                Problem(
                    "E-CFG-FORMAT",
                    f"this file is of format {declared_format!r}; this version reads format {FORMAT}.",
                    f"このファイルの形式は{declared_format!r}です。このバージョンで読めるのは{FORMAT}です。",
                ),
            )
        )
    for path, value in _leaves(document):
        take(reading, path, value)
    if declared_format is None and not any(key.startswith("network.") for key in reading.values):
        reading.values["network.method"] = "none"
        reading.origin["network.method"] = ()
    for override in overrides:
        _take_override(reading, override)
    errors = [item for item in reading.problems if item[1].is_error]
    return reading, [item for item in reading.problems if item not in errors] + errors


def refuse_datasets(document: Mapping[str, Any]) -> None:
    """A dataset_config is no run file. Raises ConfigError for one."""
    if isinstance(document.get("datasets"), list):
        raise ConfigError(
            Problem(
                "E-CFG-DATASETS",
                "this describes data sets (a dataset_config), not a run; keep it as its own file and name "
                "that in the run file: dataset.dataset_config = 'path of the file'.",
                "これは学習の設定ではなく、データセットの設定（dataset_config）です。別のファイルとして保存し、設定ファイルで"
                "dataset.dataset_config = 'そのファイルのパス' と指定してください。",
                key="datasets",
            )
        )


def _leaves(table: Mapping[str, Any], path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def take(reading: Reading, path: KeyPath, value: Any) -> None:
    """File one key of the text under our name for it."""
    key, name = ".".join(map(str, path)), str(path[-1])
    if key in KEYS:
        reading.put(key, value, path)
        return
    own = [k for k in KEYS if k.split(".")[1] == name]
    if len(own) == 1 and not sd_scripts.knows(name) and len(path) <= 2:
        reading.put(own[0], value, path)
        return
    if not sd_scripts.knows(name) or len(path) > 2:
        reading.problems.append((path, _unknown(path)))
        return
    result = sd_scripts.translate(name, value)
    if result.refused:
        reading.problems.append((path, Problem("E-CFG-NOTHERE", *result.refused, key=key)))
    if result.note:
        en, ja = result.note
        reading.problems.append((path, Problem("W-CFG-READ-AS", f"{en}.", f"{ja}。")))
    for our_key, our_value in result.values.items():
        reading.put(our_key, our_value, path)


def _unknown(path: KeyPath) -> Problem:
    """No such option: with the nearest name of the same section, or of the guide."""
    key, name = ".".join(map(str, path)), str(path[-1])
    section = str(path[0]) if path[0] in SECTIONS else ""
    near = [k.split(".")[1] for k in KEYS if not section or k.startswith(f"{section}.")]
    everywhere = [k.split(".")[1] for k in KEYS] + list(sd_scripts.ALIASES)
    for names in (near, everywhere):
        found = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
        if found:
            return Problem(
                "E-CFG-UNKNOWN",
                f"no such option; did you mean {found[0]}?",
                f"そのようなオプションはありません。{found[0]}の間違いではありませんか？",
                key=key,
            )
    return Problem(
        "E-CFG-UNKNOWN",
        "no such option; take it out, or see the list of options in docs/options.md.",
        "そのようなオプションはありません。削除するか、docs/options.ja.mdの一覧をご覧ください。",
        key=key,
    )


def _take_override(reading: Reading, override: str) -> None:
    key, separator, value = override.partition("=")
    path: KeyPath = tuple(part.strip() for part in key.split("."))
    if not separator:
        raise ConfigError(
            Problem(
                "E-CFG-SET",
                f"--set takes section.key=value, not {override!r}.",
                f"--setは「section.key=値」の形で指定してください（指定：{override!r}）。",
            )
        )
    try:
        parsed = toml_io.parse(f"value = {value}")["value"]
    except ConfigError as e:
        raise ConfigError(
            Problem(
                "E-CFG-SET",
                f"{value!r} is no TOML value; write text as \"'text'\".",
                f"{value!r}はTOMLの値ではありません。文字列は\"'文字列'\"と書いてください。",
                key=key.strip(),
            )
        ) from e
    fresh = Reading()
    take(fresh, path, parsed)
    reading.problems += [(("--set",), problem) for _, problem in fresh.problems]
    for our_key, our_value in fresh.values.items():
        reading.values[our_key] = our_value
        reading.origin[our_key] = ("--set",)


def _build(reading: Reading, found: list[tuple[KeyPath, Problem]], lines: Mapping[KeyPath, int]) -> Checked:
    """Types, bounds and rules; every problem gets the line of the key it is about."""
    located = [replace(problem, line=lines.get(path)) for path, problem in found]
    nested: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for key, value in reading.values.items():
        section, name = key.split(".")
        nested[section][name] = value
    config, more = _typed(nested)
    bad = {problem.key for problem in more}
    more += [problem for rule in rules.RULES for problem in rule(config) if problem.key not in bad]
    located += [replace(p, line=lines.get(reading.origin.get(p.key, ()))) for p in more]
    ordered = sorted(located, key=lambda p: (p.line is None, p.line or 0))
    if any(problem.is_error for problem in ordered):
        raise ConfigError(*ordered)
    own_lines = {key: lines[path] for key, path in reading.origin.items() if path in lines}
    return Checked(config, tuple(ordered), own_lines)


def _typed(nested: dict[str, dict[str, Any]]) -> tuple[RunConfig, list[Problem]]:
    """The config, and what is wrong with its values; a bad value gives way to its default."""
    try:
        return RunConfig.model_validate(nested), []
    except ValidationError as e:
        problems = wording.problems_of(e)
    for problem in problems:
        section, name = problem.key.split(".")
        nested[section].pop(name, None)
    return RunConfig.model_validate(nested), problems
