"""A dataset_config that is pasted or opened: kept below the workspace and named in the form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from core.config.file import toml_text
from core.config.schema.dataset import DatasetConfig
from core.data.sources import dataset_config, metadata_json
from core.errors import ConfigError, Problem, UserError
from ui.window.paths import Paths

FOLDER = "dataset_configs"
KEY = dataset_config.KEY
_NAMED_INSIDE = ("train_data_dir", "in_json", "conditioning_data_dir")


def refuse_outside(paths: Paths, key: str, file: Path) -> None:
    """Raises ConfigError when the file names images that this window may not use.

    key: the option that names it: a dataset_config, a metadata JSON, or another that names no further files.
    """
    problems: list[Problem] = []
    if key == KEY:
        problems += _outside(paths, dataset_config.read(DatasetConfig(dataset_config=str(file))))
    elif key == metadata_json.KEY:
        problems += _refused(paths, key, map(str, metadata_json.named_elsewhere(file)))
    if problems:
        raise ConfigError(*problems)


def _outside(paths: Paths, content: dataset_config.Datasets) -> Iterator[Problem]:
    for subset in content.subsets:
        named = [path for name in _NAMED_INSIDE if (path := getattr(subset.settings, name))]
        refused = list(_refused(paths, KEY, named))
        yield from refused
        if subset.settings.in_json and not paths.is_local and not refused:
            inside = metadata_json.named_elsewhere(Path(subset.settings.in_json))
            yield from _refused(paths, KEY, map(str, inside))


def _refused(paths: Paths, key: str, named: Iterable[str]) -> Iterator[Problem]:
    for path in named:
        try:
            paths.confined(path, key)
        except UserError as e:
            yield from e.problems


def keep(paths: Paths, text: str, name: str) -> tuple[dict[str, Any], int]:
    """Write the text below the workspace: the form's values that name it, and how many subsets it has.

    A file that is there is never overwritten; the same text is kept once. Raises ConfigError with every
    problem in the text, and keeps nothing then.
    """
    ending = ".json" if text.lstrip().startswith("{") else ".toml"
    file = _free(paths.workspace / FOLDER, name, ending, text)
    was_there = file.exists()
    if not was_there:
        toml_text.write(file, text)
    content = dataset_config.read(DatasetConfig(dataset_config=str(file)))
    problems = [p for p in (*content.problems, *_outside(paths, content)) if p.is_error]
    if problems:
        if not was_there:
            file.unlink()
        raise ConfigError(*(replace(p, path="") for p in dict.fromkeys(problems)))
    named = {"dataset.dataset_config": str(file)}
    emptied = {"dataset.train_data_dir": "", "dataset.reg_data_dir": None, "dataset.in_json": None}
    return named | emptied, len(content.subsets)


def _free(folder: Path, name: str, ending: str, text: str) -> Path:
    for n in count(1):
        file = folder / f"{name}{'' if n == 1 else f'-{n}'}{ending}"
        if not file.exists() or file.read_text("utf-8", "replace") == text:
            return file
    raise AssertionError  # count never ends
