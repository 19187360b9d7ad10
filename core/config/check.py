"""TOML text -> a checked RunConfig, or every problem in it with its line. The only way a run file is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.config import by_family, messages, pydantic_messages, training_scripts
from core.config.file import toml_text
from core.config.file.border import reading_settings
from core.config.file.key_lines import key_lines, line_of
from core.config.named_values import SECTIONS, KeyPath, Reading, leaves, take
from core.config.pydantic_messages import shown
from core.config.rules import ruleset
from core.config.schema.run import FORMAT, RunConfig
from core.errors import ConfigError, Problem


@dataclass(frozen=True)
class Checked:
    """A run file that can start. notices: what was read as what, and warnings, none of them an error.

    lines: line of each of our keys that the text sets, counted from 1.
    """

    config: RunConfig
    notices: tuple[Problem, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    def located(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Problems that came to light later, at the lines of this text where they stand in no other."""
        return tuple(p if p.path and p.line is not None else self._placed(p) for p in problems)

    def _placed(self, problem: Problem) -> Problem:
        """As it stands in this text. A path in the sentence is a fact of it, not the file of the line."""
        is_said = problem.path in problem.en
        facts = {"path": problem.path, "name": Path(problem.path).name} | dict(problem.facts)
        return replace(
            problem, facts=facts, line=self.lines.get(problem.key), path="" if is_said else problem.path
        )


def load(path: Path, overrides: Sequence[str] = (), reads_base: bool = False) -> Checked:
    """Check a run file on disk; see `check`."""
    return check(toml_text.read(path), overrides, reads_base)


def check(text: str, overrides: Sequence[str] = (), reads_base: bool = False) -> Checked:
    """The run that a TOML text describes.

    Our own names and the guide's are both understood. A text without `format` that names no network trains
    the model itself, as sd-scripts' train_db does.

    overrides: "section.key=value" with TOML values, as `--set` gives them; checked like the text.
    reads_base: the options are checked against the family of the base model, whose header is read for it;
    else only where model.family names it.
    Raises ConfigError with every problem found.
    """
    with reading_settings():
        document = toml_text.parse(text)
        reading = read_document(document)
        for override in overrides:
            _take_override(reading, override)
        return _build(reading, key_lines(text.lstrip("\ufeff")), reads_base)


def read_document(document: Mapping[str, Any]) -> Reading:
    """The options a document names, by our keys, before types and rules are looked at.

    Raises ConfigError for one that describes datasets and not a run.
    """
    refuse_datasets(document)
    declared_format = document.get("format")
    reading = Reading(is_foreign=declared_format is None and not any(name in document for name in SECTIONS))
    if declared_format not in (None, FORMAT):
        reading.say(("format",), messages.OTHER_FORMAT(found=shown(declared_format), format=FORMAT))
    for path, value in leaves(document):
        if path != ("format",):
            take(reading, path, value)
    training_scripts.finish(reading)
    if declared_format is None and not any(key.startswith("network.") for key in reading.values):
        reading.put("network.method", "none", ())
    return reading


def refuse_datasets(document: Mapping[str, Any]) -> None:
    """A dataset_config is no run file. Raises ConfigError for one."""
    if isinstance(document.get("datasets"), list):
        raise ConfigError(messages.NOT_A_RUN_FILE())


def _take_override(reading: Reading, override: str) -> None:
    key, separator, value = override.partition("=")
    path: KeyPath = tuple(part.strip() for part in key.split("."))
    if not separator:
        raise ConfigError(messages.SET_SYNTAX(override=shown(override)))
    try:
        parsed = toml_text.parse(f"value = {value}")["value"]
    except ConfigError as e:
        raise ConfigError(messages.SET_VALUE(key=key.strip(), value=shown(value))) from e
    fresh = Reading()
    take(fresh, path, parsed)
    reading.problems += [(("--set",), problem) for _, problem in fresh.problems]
    for our_key, our_value in fresh.values.items():
        reading.values[our_key] = our_value
        reading.origin[our_key] = ("--set",)
    reading.rates += [(("--set",), rates) for _, rates in fresh.rates]


def _build(reading: Reading, lines: Mapping[KeyPath, int], reads_base: bool) -> Checked:
    """Types, bounds and rules; every problem gets the line of the key it is about."""
    family = by_family.of(reading, reads_base)
    by_family.settle(reading, family)
    located = [replace(problem, line=line_of(path, lines)) for path, problem in reading.problems]
    config, more = typed(reading.values)
    bad = {problem.key for problem in more}
    more += [problem for problem in ruleset.problems(config, family) if problem.key not in bad]
    located += [replace(p, line=line_of(reading.origin.get(p.key, ()), lines)) for p in more]
    ordered = sorted(located, key=lambda p: (p.line is None, p.line or 0, p.is_error))
    if any(problem.is_error for problem in ordered):
        raise ConfigError(*ordered)
    own_lines = {key: line_of(path, lines) for key, path in reading.origin.items()}
    return Checked(config, tuple(ordered), {key: line for key, line in own_lines.items() if line is not None})


def typed(values: Mapping[str, Any]) -> tuple[RunConfig, list[Problem]]:
    """The config of these values by our keys, and what is wrong with them; a bad value gives way to its
    default.
    """
    nested: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for key, value in values.items():
        section, name = key.split(".")
        nested[section][name] = value
    try:
        return RunConfig.model_validate(nested), []
    except ValidationError as e:
        problems = pydantic_messages.problems_of(e)
    for problem in problems:
        section, name = problem.key.split(".")
        nested[section].pop(name, None)
    return RunConfig.model_validate(nested), problems
