"""dataset_config: several datasets in one file, each subset of images with options of its own.

Keys and the order of look-up are sd-scripts': subset, dataset, [general], the run file, the default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from core.catalog import Words
from core.config import nearest, pydantic_messages
from core.config.file import json_text, key_lines, toml_text
from core.config.rules import dataset
from core.config.schema.dataset import DatasetConfig
from core.config.schema.option import Scope, Section, walk
from core.config.schema.run import RunConfig
from core.data.names import is_text
from core.data.sources import messages
from core.errors import ConfigError, Problem, UserError
from core.families import FamilySpec
from core.reading import CORRECT_IT, reading

KEY = "dataset.dataset_config"

MOST_PROBLEMS = 100
"""Of one file that are listed; whoever has more wants to know that this is some other file."""

KeyPath = tuple[str | int, ...]


class SubsetKeys(Section):
    """What a subset has beside the options of [dataset]."""

    image_dir: str | None = None
    metadata_file: str | None = None
    num_repeats: int = Field(1, ge=1, le=100_000)
    class_tokens: str | None = None
    is_reg: bool = False
    cache_info: bool = False


OURS: Mapping[str, str] = {"batch_size": "train_batch_size"}
"""Keys that are called otherwise in [dataset]."""

_SCOPES: Mapping[str, Scope] = {
    **{option.name: option.meta.scope for option in walk(RunConfig) if option.section == "dataset"},
    **dict.fromkeys(SubsetKeys.model_fields, "subset"),
    **dict.fromkeys(("image_dir", "is_reg", "metadata_file"), "subset only"),
    **dict.fromkeys(
        ("custom_attributes", "face_crop_aug_range", "token_warmup_min", "token_warmup_step"), "subset"
    ),
    "network_multiplier": "dataset",
}
"""Key as in [dataset] -> where it may stand; also keys of sd-scripts that are not available here."""


def _keys(*scopes: Scope) -> frozenset[str]:
    """The keys of some scopes, as the file calls them."""
    theirs = {ours: file for file, ours in OURS.items()}
    return frozenset(theirs.get(name, name) for name, scope in _SCOPES.items() if scope in scopes)


ALLOWED = {
    "general": _keys("dataset", "subset"),
    "datasets": _keys("dataset", "subset"),
    "subsets": _keys("subset", "subset only"),
}

_NOT_WITH_METADATA = frozenset(("cache_info", "caption_extension", "class_tokens", "is_reg"))
"""Keys that have no meaning in a subset of fine-tuning."""
_HARMLESS: Mapping[str, Any] = {"network_multiplier": 1, "token_warmup_min": 1}
"""Values of keys that are not here, which ask for nothing."""


@dataclass(frozen=True)
class Subset:
    """Images of one folder, or of one metadata file, and the options that hold for them.

    settings: resolved; train_data_dir is the folder itself, in_json the metadata file. dataset: number of the
    dataset, from 0.
    """

    settings: DatasetConfig
    dataset: int
    repeats: int
    class_tokens: str
    is_reg: bool


@dataclass(frozen=True)
class Datasets:
    """What a dataset_config names. problems: errors and notices, with file and line."""

    subsets: tuple[Subset, ...]
    problems: tuple[Problem, ...]


def read(config: DatasetConfig, family: FamilySpec | None = None) -> Datasets:
    """The subsets of the run's dataset_config. Problems are in the result, never raised.

    family: the base model's, which sizes have to suit; None while it is not known.
    """
    assert config.dataset_config is not None
    file = Path(config.dataset_config)
    try:
        with reading(file, "E-DS-SYNTAX", key=KEY, advice=CORRECT_IT):
            document, places = _parsed(toml_text.read(file), is_json=file.suffix.lower() == ".json")
            reader = _Reader(file, places, family)
            subsets = reader.subsets(document, config)
    except UserError as error:
        return Datasets((), tuple(replace(p, key=KEY, path=str(file)) for p in error.problems))
    problems = tuple(dict.fromkeys(reader.problems))
    if len(problems) > MOST_PROBLEMS:
        problems = (
            *problems[:MOST_PROBLEMS],
            messages.CONFIG_MORE(path=file, count=len(problems) - MOST_PROBLEMS),
        )
    return Datasets(tuple(subsets), problems)


def _parsed(text: str, is_json: bool) -> tuple[dict[str, Any], Mapping[KeyPath, int]]:
    """The values and, of TOML, the line of each key. Raises ConfigError."""
    if not is_json:
        return toml_text.parse(text), key_lines.key_lines(text)
    try:
        document = json_text.values(text)
    except (json.JSONDecodeError, json_text.Twice) as e:
        reason, line = (e.msg, e.lineno) if isinstance(e, json.JSONDecodeError) else (str(e), None)
        raise ConfigError(messages.CONFIG_NOT_JSON(reason=reason, line=line)) from e
    if not isinstance(document, dict):
        raise ConfigError(messages.CONFIG_NO_OBJECT(line=1))
    return document, {}


@dataclass(frozen=True)
class _Table:
    """One table of the file with the keys that hold, called as in [dataset]."""

    path: KeyPath
    values: Mapping[str, Any]


class _Reader:
    """Reads one file, gathering every problem in it."""

    def __init__(self, file: Path, places: Mapping[KeyPath, int], family: FamilySpec | None) -> None:
        self.problems: list[Problem] = []
        self._has_odd_folder = False
        self._file, self._places, self._family = file, places, family

    def subsets(self, document: Mapping[str, Any], run: DatasetConfig) -> list[Subset]:
        """Every subset that holds, in the order of the file."""
        for name in document:
            if name not in ("general", "datasets"):
                self._add((name,), _unknown(name, ("general", "datasets")))
        general = document.get("general")
        general = self._table(("general",), "general", {} if general is None else general)
        subsets: list[Subset] = []
        for number, values in enumerate(self._list(("datasets",), document.get("datasets"))):
            path: KeyPath = ("datasets", number)
            dataset = self._table(path, "datasets", values)
            tables = [
                self._table((*path, "subsets", n), "subsets", subset)
                for n, subset in enumerate(self._list((*path, "subsets"), values.get("subsets")))
            ]
            if len({table.values.get("metadata_file") is None for table in tables}) > 1:
                self._add(path, messages.CONFIG_MIXED())
            subsets += self._resolved([general, dataset], tables, run, number)
        return subsets

    def _resolved(
        self, above: Sequence[_Table], tables: Sequence[_Table], run: DatasetConfig, number: int
    ) -> list[Subset]:
        """The subsets of one dataset, each with what stands above it."""
        subsets: list[Subset] = []
        sources: set[tuple[str | None, str | None]] = set()
        for table in tables:
            levels = [*above, table]
            values: dict[str, Any] = {"num_repeats": run.dataset_repeats}
            values |= {name: value for level in levels for name, value in level.values.items()}
            source = (values.get("image_dir"), values.get("metadata_file"))
            if not any(source) and self._has_odd_folder:
                continue  # it is there, but no text
            if not any(source):
                self._add(table.path, messages.CONFIG_NEEDS_SOURCE())
                continue
            if source in sources:
                self._add(table.path, messages.CONFIG_TWICE(source=source[1] or source[0]))
                continue
            sources.add(source)
            options = {name: value for name, value in values.items() if name in DatasetConfig.model_fields}
            options |= {"dataset_config": None, "reg_data_dir": None, "train_data_dir": source[0] or ""}
            options |= {"in_json": source[1], "dataset_repeats": values["num_repeats"]}
            settings = run.model_copy(update=options)
            self._check_rules(settings, levels)
            words, is_reg = (values.get("class_tokens") or "").strip(), values.get("is_reg", False)
            subsets.append(Subset(settings, number, values["num_repeats"], words, is_reg))
        return subsets

    def _table(self, path: KeyPath, level: str, values: Any) -> _Table:
        """The keys of a table that are known and of the right type; the others become problems."""
        kept: dict[str, Any] = {}
        if not isinstance(values, dict):
            self._add(path, messages.CONFIG_NO_TABLE(value=repr(values)))
            return _Table(path, kept)
        has_metadata = level == "subsets" and values.get("metadata_file") is not None
        for name, value in values.items():
            if value is None or (level == "datasets" and name == "subsets"):
                continue
            field = OURS.get(name, name)
            if name not in ALLOWED[level] or (has_metadata and name in _NOT_WITH_METADATA):
                self._add((*path, name), self._misplaced(name, level, has_metadata))
            elif name in SubsetKeys.model_fields:
                self._take(kept, name, SubsetKeys, value, path)
            elif field in DatasetConfig.model_fields:
                self._take(kept, name, DatasetConfig, value, path)
            elif value and value != _HARMLESS.get(name):
                self._add((*path, name), messages.CONFIG_UNSUPPORTED(value=repr(value)))
        return _Table(path, kept)

    def _take(
        self, kept: dict[str, Any], name: str, section: type[Section], value: Any, path: KeyPath
    ) -> None:
        """Check the type and bounds of one value as those of the run file are."""
        field = OURS.get(name, name)
        if isinstance(value, str) and not is_text(value):
            self._add((*path, name), messages.CONFIG_TEXT())
            self._has_odd_folder |= name == "image_dir"
            return
        try:
            read = getattr(section.model_validate({field: value}), field)
        except ValidationError as error:
            for problem in pydantic_messages.problems_of(error):
                message = replace(problem.message, code="E-DS-VALUE")
                self._add((*path, name), replace(problem, message=message))
            self._has_odd_folder |= name == "image_dir"
            return
        kept[field] = read  # None: an empty text, which ends the look-up as any value does

    def _check_rules(self, settings: DatasetConfig, levels: Sequence[_Table]) -> None:
        """What the options of a subset must not be together; said at the key nearest to the subset."""
        whole = RunConfig(dataset=settings)
        for problem in (p for p in dataset.of_images(whole, self._family) if p.is_error):
            field = problem.key.split(".")[1]
            named = [table for table in levels if field in table.values]
            if named:
                name = next((file for file, ours in OURS.items() if ours == field), field)
                self._add((*named[-1].path, name), problem)
            else:
                framed = problem.framed(Words("{option} {sentence}", "{option}：{sentence}"), option=field)
                self._add(levels[1].path, framed)

    def _list(self, path: KeyPath, values: Any) -> list[Any]:
        """The tables of an array; one problem when there are none."""
        if isinstance(values, list) and values and all(isinstance(value, dict) for value in values):
            return values
        name = ".".join(part for part in map(str, path) if not part.isdigit())
        self._add(path, messages.CONFIG_NEEDS_TABLES(table=name))
        return []

    def _misplaced(self, name: str, level: str, has_metadata: bool) -> Problem:
        """Why a key can't stand where it does."""
        if has_metadata and name in _NOT_WITH_METADATA:
            return messages.CONFIG_NOT_WITH_METADATA()
        scope = _SCOPES.get(OURS.get(name, name)) if name not in OURS.values() else None
        if scope == "subset only":
            return messages.CONFIG_ELSEWHERE(place="[[datasets.subsets]]")
        if scope == "dataset":
            place = Words("[[datasets]] or [general]", "[[datasets]]か[general]")
            return messages.CONFIG_ELSEWHERE(place=place)
        if scope == "run":
            return messages.CONFIG_ELSEWHERE(place=Words("the run file", "設定ファイル"))
        if len(self.problems) >= MOST_PROBLEMS:
            return messages.CONFIG_UNKNOWN(names="")  # never shown, and the nearest name takes time
        return _unknown(name, sorted(ALLOWED[level]))

    def _add(self, path: KeyPath, problem: Problem) -> None:
        """Note a problem at a key of the file."""
        line = key_lines.line_of(path, self._places)
        key = ".".join(map(str, path))
        self.problems.append(replace(problem, key=key, path=str(self._file), line=line))


def _unknown(name: str, names: Sequence[str]) -> Problem:
    meant = nearest.did_you_mean(name, names)
    if meant:
        return messages.CONFIG_MISSPELT(meant=Words(*meant))
    return messages.CONFIG_UNKNOWN(names=Words(", ".join(names), "、".join(names)))
