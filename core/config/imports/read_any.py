"""Other trainers' settings -> ours: a command line, an sd-scripts TOML, a kohya_ss JSON, LoRA metadata.

Those of OneTrainer, ai-toolkit and SimpleTuner are read by tables of their own (`other_programs`).
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from core.catalog import Words
from core.config import by_family, sd_scripts, training_scripts
from core.config import messages as config_messages
from core.config.check import refuse_datasets, typed
from core.config.file import json_text, toml_text
from core.config.file import messages as file_messages
from core.config.file.border import METADATA, PASTED, reading_settings
from core.config.imports import (
    command_line,
    for_family,
    kohya_ss_json,
    lora_metadata,
    messages,
    other_programs,
)
from core.config.named_values import Reading, leaves, take
from core.config.pydantic_messages import shown
from core.config.rules import ruleset
from core.config.schema.numbers import number
from core.config.schema.option import Option
from core.config.schema.run import OPTIONS
from core.config.sd_scripts_reference import NOT_HERE
from core.counting import listed
from core.errors import LANGS, ConfigError, Problem
from core.families import FamilySpec

_LISTED = 12
_EMPTY = (None, "", ())
_OF_A_VALUE = ("must ", "can", "needs ", "takes ")
"""How a sentence begins whose subject is the option before it."""
_PLACEHOLDER = re.compile(r"<.*>|\$\w+|\$\{\w+\}|\$env:\w+|%\w+%", re.DOTALL)


@dataclass(frozen=True)
class Imported:
    """values: {"section.name": value}. report: what was taken, read as what, not needed, unknown, empty.

    A value that no option takes is not among the values but in the report. What the settings themselves
    leave empty (a folder, a name, the sample prompts) is among the values, as empty.
    datasets: the text of a dataset_config with the image folders that they name, "" for none.
    """

    source: str
    values: Mapping[str, Any]
    report: tuple[Problem, ...]
    datasets: str = ""


def import_text(text: str) -> Imported:
    """Settings from pasted or loaded text, whichever kind it is. Raises ConfigError when it is none."""
    with reading_settings(PASTED, "E-IMPORT"):
        return _import_text(text.lstrip("\ufeff").strip())


def _import_text(text: str) -> Imported:
    if not text:
        raise ConfigError(messages.EMPTY_TEXT())
    if len(text) > toml_text.LONGEST:
        raise ConfigError(file_messages.TOO_LONG(most=toml_text.LONGEST))
    if text.startswith(("{", "[{", "[\n", "[ ", "[\r")):
        parsed = json_text.parse(text)
        foreign = other_programs.read_document(parsed)
        if foreign:
            return _foreign(foreign)
        document = {str(name): value for name, value in parsed.items()} if isinstance(parsed, dict) else {}
        refuse_datasets(document)
        pairs, notes = kohya_ss_json.settings(document)
        return _imported("kohya_ss JSON", pairs, notes)
    foreign = other_programs.read_text(text)
    if foreign:
        return _foreign(foreign)
    tables = _toml(text)
    if tables is not None:
        foreign = other_programs.read_document(tables)
        if foreign:
            return _foreign(foreign)
        refuse_datasets(tables)
        # Sections of an sd-scripts config file are decoration.
        pairs = [(str(path[-1]), value) for path, value in leaves(tables) if path != ("format",)]
        return _imported("TOML", pairs)
    command = command_line.settings(text)
    foreign = other_programs.read_command(dict(command.pairs))
    if foreign:
        return _foreign(foreign)
    return _imported("command line", command.pairs, command.notes, command.script)


def _toml(text: str) -> dict[str, Any] | None:
    """The tables of a TOML text, None for a command. Raises ConfigError for what is neither."""
    try:
        tables = toml_text.parse(text)
    except ConfigError as e:
        if command_line.is_command(text):
            return None
        if command_line.is_setting(text):
            raise
        first = e.problems[0]
        whole = Words(*(first.text(lang) for lang in LANGS))
        raise ConfigError(messages.NO_KNOWN_FORM(problem=whole)) from e
    return None if any(name.startswith("--") for name in tables) else tables


def is_dataset_config(text: str) -> bool:
    """Whether a text, TOML or JSON, describes datasets and not a run."""
    text = text.lstrip("\ufeff")
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and isinstance(document.get("datasets"), list)


def import_metadata(metadata: Mapping[str, str], names: Collection[str] = ()) -> Imported:
    """The settings a LoRA was trained with, as far as its metadata tells them. Raises ConfigError.

    names: of the tensors in its file; they tell which parts of the model were trained.
    """
    with reading_settings(METADATA, "E-IMPORT-METADATA"):
        pairs, notes = lora_metadata.settings(metadata, names)
        is_ours = lora_metadata.RECIPE in metadata
        return _imported("metadata", pairs, notes, is_like_sd_scripts=not is_ours)


def _foreign(found: other_programs.Foreign) -> Imported:
    """What another program's settings are here, with the image folders that they name."""
    sheet = found.sheet
    if not sheet.pairs and sheet.datasets:
        return Imported(found.program, {}, (*_report(found), *sheet.notes), sheet.datasets)
    imported = _imported(found.program, sheet.pairs, sheet.notes, is_like_sd_scripts=False)
    return replace(imported, report=(*_report(found), *imported.report), datasets=sheet.datasets)


def _report(found: other_programs.Foreign) -> list[Problem]:
    folders = dataset_folders(found.sheet.datasets)
    told = [messages.PROGRAM(program=found.program)]
    if folders:
        told.append(messages.FOLDERS(count=len(folders), names=listed(folders, _LISTED)))
    return told


def dataset_folders(text: str) -> list[str]:
    """The folders of a dataset_config that an import has made."""
    sets = tomllib.loads(text).get("datasets", [])
    return [str(subset["image_dir"]) for one in sets for subset in one["subsets"]]


def _imported(
    source: str,
    pairs: Iterable[tuple[str, Any]],
    notes: Sequence[Problem] = (),
    script: str = "",
    is_like_sd_scripts: bool = True,
) -> Imported:
    """File each setting under our name for it, as its option's type.

    is_like_sd_scripts: what they do not name is as in sd-scripts.
    """
    reading = Reading(is_foreign=True)
    empty: list[Problem] = []
    for name, value in pairs:
        if isinstance(value, str) and _PLACEHOLDER.fullmatch(value.strip()):
            empty.append(messages.PLACEHOLDER(name=name, value=value.strip()))
        else:
            take(reading, (name,), _switched(name, value))
    training_scripts.finish(reading, script)
    family = by_family.of(reading, reads_base=True)
    by_family.settle(reading, family)
    if family:
        for_family.fit(reading, family, is_like_sd_scripts)
    values, refused = _fitting(reading.values)
    problems = [*notes, *empty, *(problem for _, problem in reading.problems), *refused]
    left_out = [_left_out(problem) for problem in problems if problem.is_error]
    if all(value in _EMPTY for value in values.values()):
        raise ConfigError(messages.NOTHING_TAKEN(), *left_out[:_LISTED])
    if "network.method" not in values:
        # Also where none of its settings could be taken: never the whole model in a LoRA's place.
        given = (*values, *reading.names, *(problem.key or "" for problem in refused))
        has_network = any(name.startswith(("network.", "network_")) for name in given)
        values["network.method"] = "lora" if has_network else "none"
    names = [key.split(".")[1] for key, value in values.items() if value not in _EMPTY]
    taken = messages.TAKEN(count=len(names), names=listed(names, _LISTED))
    report = [taken, *left_out, *(problem for problem in problems if not problem.is_error)]
    return Imported(source, values, (*report, *_to_be_mended(values, family)))


def _switched(name: str, value: Any) -> Any:
    """ "True" and "false" as switches, where no text belongs; numbers stay as they are, for `fitted`."""
    if not isinstance(value, str):
        return value
    if value.lower() not in ("true", "false"):
        # An option that is only checked for being set, such as weighted_captions, may be 0.
        as_number = number(value) if name in NOT_HERE else None
        return value if as_number is None else as_number
    option = OPTIONS.get(sd_scripts.ALIASES.get(name, ""))
    is_text = option is not None and option.choices is None and "str" in str(option.field.annotation)
    return value if is_text else value.lower() == "true"


def _fitting(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The values that options take, each as its option's type, and what is wrong with the others."""
    values = {key: fitted(OPTIONS[key], value) for key, value in given.items()}
    _, problems = typed(values)
    for problem in problems:
        values.pop(problem.key, None)
    return values, [_default_stays(problem) for problem in problems]


_DEFAULT_STAYS = Words("{reason}; {default} stays.", "{reason}。{default}のままです。")
_MEND = Words("taken, but: {sentence}", "取り込みましたが、修正が必要です：{sentence}")
_MEND_IT = Words("taken, but it {sentence}", "取り込みましたが、修正が必要です：{sentence}")
_NOT_TAKEN = Words("not taken: {sentence}{stop}", "取り込んでいません：{sentence}")


def _default_stays(problem: Problem) -> Problem:
    """What is used in place of a value that is not taken."""
    option = OPTIONS[problem.key]
    if option.is_personal or option.default in (None, (), ""):
        return problem
    reason = Words(*(text.rstrip(".。") for text in problem.words))
    return problem.framed(_DEFAULT_STAYS, reason=reason, default=shown(option.default).strip("'"))


def _to_be_mended(values: Mapping[str, Any], family: FamilySpec | None) -> list[Problem]:
    """What the checker will say of the values together, apart from what is still missing."""
    config, _ = typed(values)
    return [
        problem.framed(_MEND_IT if problem.en.startswith(_OF_A_VALUE) else _MEND, code="W-IMPORT-MEND")
        for problem in ruleset.problems(config, family)
        if problem.is_error and problem.code != "E-CFG-NEEDED" and problem.key in values
    ]


@functools.cache
def _adapter(option: Option) -> TypeAdapter[Any]:
    return TypeAdapter(
        Annotated[(option.field.annotation, option.name, *option.field.metadata)]  # type: ignore[arg-type]
    )


def fitted(option: Option, value: Any) -> Any:
    """The value as the option's type: "16" -> 16 for a number, "2024" stays text for a name.

    An empty one is the option's default where that is nothing. What fits in no way stays as near to a number
    as it is, for the checker to name.
    """
    if value == "" and not option.default:
        return option.default
    as_number = number(value) if isinstance(value, str) else value
    plain = value if as_number is None else as_number
    whole = int(plain) if isinstance(plain, float) and plain.is_integer() else plain
    as_text = (str(value),) if isinstance(value, str | int | float) else ()  # a list is no name
    for candidate in (plain, whole, value, *as_text):
        try:
            _adapter(option).validate_python(candidate, strict=True)
        except ValidationError:
            continue
        return candidate
    return whole


def _left_out(problem: Problem) -> Problem:
    """What is wrong with a run file is, of settings that are taken over, what was not taken."""
    if problem.message is config_messages.NOT_HERE:
        return replace(problem, message=messages.NOT_HERE)
    return problem.framed(_NOT_TAKEN, stop="" if problem.en.endswith((".", "?")) else ".")
