"""Which images the run is of: folders by their names, the subsets of a dataset_config, or metadata."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.config.schema.dataset import DatasetConfig
from core.data.sources import dataset_config, messages, metadata_json
from core.data.sources.dataset_config import Subset
from core.data.sources.folders import Folder, scan, single
from core.data.sources.metadata_json import Metadata
from core.errors import Problem
from core.families import FamilySpec
from core.files import being_read


@dataclass(frozen=True)
class Sources:
    """The folders of a run, training before regularization in each dataset.

    settings: the options that hold, see `Folder.settings`. metadata: captions and sizes of the folders that
    are named by a metadata file, by number of the folder.
    """

    settings: tuple[DatasetConfig, ...]
    folders: tuple[Folder, ...]
    metadata: Mapping[int, Metadata] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def find(config: DatasetConfig, family: FamilySpec | None = None) -> Sources:
    """Everything the run would train on; nothing is raised for what a user can put right.

    family: the base model's, None while it is not known.
    """
    if config.dataset_config:
        datasets = dataset_config.read(config, family)
        if any(problem.is_error for problem in datasets.problems):
            return Sources((config,), (), problems=datasets.problems)
        sources = _of_subsets(datasets.subsets, config)
        return replace(sources, problems=(*datasets.problems, *sources.problems))
    if config.in_json:
        return _of_subsets([Subset(config, 0, config.dataset_repeats, "", is_reg=False)], config)
    return _by_names(config)


def _by_names(config: DatasetConfig) -> Sources:
    """The training folders, then the regularization folders."""
    if not config.train_data_dir.strip():
        return Sources((config,), (), problems=(messages.NO_FOLDER_GIVEN(),))
    with being_read(Path(config.train_data_dir)):
        train = scan(Path(config.train_data_dir), is_reg=False)
    if config.reg_data_dir is None or not config.reg_data_dir.strip():
        return Sources((config,), train.folders, problems=train.problems)
    parent = Path(config.reg_data_dir)
    if _is_same(parent, Path(config.train_data_dir)):
        problems = (*train.problems, messages.SAME_FOLDER(path=parent))
        return Sources((config,), train.folders, problems=problems)
    with being_read(parent):
        reg = scan(parent, is_reg=True)
    return Sources((config,), train.folders + reg.folders, problems=train.problems + reg.problems)


def _of_subsets(subsets: Sequence[Subset], config: DatasetConfig) -> Sources:
    """One folder for each subset, in their order; the names of the folders mean nothing."""
    folders: list[Folder] = []
    metadata: dict[int, Metadata] = {}
    problems: list[Problem] = []
    for number, subset in enumerate(subsets):
        settings = subset.settings
        place = Path(settings.train_data_dir) if settings.train_data_dir.strip() else None
        if settings.in_json:
            with being_read(Path(settings.in_json)):
                entries = metadata_json.read(Path(settings.in_json), place, settings)
            metadata[number] = entries
            problems += entries.problems
            folder = Folder(
                place or Path(settings.in_json), subset.repeats, "", subset.is_reg, entries.images
            )
        else:
            assert place is not None, "a subset without metadata has a folder"
            with being_read(place):
                scanned = single(place, subset.repeats, subset.class_tokens, subset.is_reg)
            folder = scanned.folders[0]
            problems += scanned.problems
        folders.append(replace(folder, settings=number, dataset=subset.dataset))
    resolved = tuple(subset.settings for subset in subsets) or (config,)
    return Sources(resolved, tuple(folders), metadata, tuple(problems))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False  # one of them is not there at all
