"""Every folder, picture and caption looked at once: what can be trained, and what is wrong with the rest."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from core.catalog import Size
from core.config.schema_dataset import DatasetConfig
from core.control import RunControl
from core.data import buckets, captions, findings, masks
from core.data.captions import Caption
from core.data.folders import Folder, scan
from core.data.preflight import Look, look
from core.data.records import PlannedImage
from core.errors import Problem

Progress = Callable[[int, int], None]
"""Called with (done, total) pictures."""

LEAST_KEPT = 0.1
"""A picture of which a smaller share would be trained is refused: no bucket comes near its shape."""
MUCH_CUT = 0.75
"""Below this kept share, a notice."""
MUCH_ENLARGED = 2.0
"""Above this enlargement, a notice."""


@dataclass(frozen=True)
class Survey:
    """What was found.

    images: those that can be trained, by folder, then name. settings: the options that hold for them.
    problems: of every kind.
    """

    settings: tuple[DatasetConfig, ...]
    folders: tuple[Folder, ...]
    images: tuple[PlannedImage, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Seen:
    folder: int
    path: Path
    look: Look
    caption: Caption


def survey(config: DatasetConfig, control: RunControl | None, progress: Progress | None) -> Survey:
    """Look at everything the run would train on. Raises StopRun when asked to stop."""
    folders, problems = _folders(config)
    files = [captions.listing(folder.path) if folder.images else {} for folder in folders]
    seen = list(_look_at_all(folders, files, config, control, progress))
    images, found = _fitted(seen, folders, config)
    problems += found
    for index, folder in enumerate(folders):
        inside = [one for one in seen if one.folder == index]
        problems += _caption_notices(folder, inside, files[index], captions.dotted(config.caption_extension))
    problems += _folder_words_notices(seen)
    masked = masks.find(images, folders, (config,))
    problems += masked.problems
    if not any(problem.is_error for problem in problems) and all(image.is_reg for image in images):
        problems.append(findings.none_usable())
    return Survey((config,), tuple(folders), masked.images, tuple(problems))


def _folders(config: DatasetConfig) -> tuple[list[Folder], list[Problem]]:
    """The training folders, then the regularization folders."""
    if not config.train_data_dir.strip():
        return [], [findings.no_folder_given()]
    train = scan(Path(config.train_data_dir), is_reg=False)
    folders, problems = list(train.folders), list(train.problems)
    if config.reg_data_dir is not None and config.reg_data_dir.strip():
        parent = Path(config.reg_data_dir)
        if _is_same(parent, Path(config.train_data_dir)):
            return folders, [*problems, findings.same_parent(parent)]
        reg = scan(parent, is_reg=True)
        folders += reg.folders
        problems += reg.problems
    return folders, problems


def _is_same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False  # one of them is not there at all


def _look_at_all(
    folders: Sequence[Folder],
    files: Sequence[Mapping[str, Path]],
    config: DatasetConfig,
    control: RunControl | None,
    progress: Progress | None,
) -> Iterator[_Seen]:
    """Decode and hash every picture and read its caption, several at a time; results come in order."""
    jobs = [(index, path) for index, folder in enumerate(folders) for path in folder.images]

    def see(job: tuple[int, Path]) -> _Seen:
        index, path = job
        extension, all_lines = config.caption_extension, config.enable_wildcard
        caption = captions.read(path, extension, files[index], all_lines=all_lines)
        return _Seen(index, path, look(path), caption)

    pool = ThreadPoolExecutor(min(8, os.cpu_count() or 1), "survey")
    try:
        for done, seen in enumerate(pool.map(see, jobs), start=1):
            if control is not None:
                control.check()
            if progress is not None:
                progress(done, len(jobs))
            yield seen
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _fitted(
    seen: Sequence[_Seen], folders: Sequence[Folder], config: DatasetConfig
) -> tuple[list[PlannedImage], list[Problem]]:
    """The pictures that can be trained, and what is wrong with them and the others."""
    sizes = buckets.candidates(
        Size(*config.resolution), config.min_bucket_reso, config.max_bucket_reso, config.bucket_reso_steps
    )
    images: list[PlannedImage] = []
    problems: list[Problem] = []
    left_out = 0
    for one in seen:
        problems += one.caption.problems
        found, image = _planned(one, folders[one.folder], config, sizes)
        if image is None:
            left_out += 1
            if config.skip_bad_images:
                found = [replace(p, code=f"W{p.code[1:]}") if p.is_error else p for p in found]
        else:
            images.append(image)
        problems += found
    if left_out and config.skip_bad_images:
        problems.append(findings.left_out(len(images), len(seen)))
    if not config.enable_bucket:
        wrong = [image for image in images if not buckets.is_exact(image.size, config)]
        if wrong:
            problems.append(findings.wrong_sizes(wrong, config))
    return images, problems


def _planned(
    seen: _Seen, folder: Folder, config: DatasetConfig, sizes: Sequence[Size]
) -> tuple[list[Problem], PlannedImage | None]:
    """One picture as it will be trained, or None with the reason among the problems."""
    problems = list(seen.look.problems)
    size = seen.look.size
    if size is None:
        return problems, None
    fit = buckets.fit(size, config, sizes)
    if fit is None or (config.enable_bucket and fit.kept < LEAST_KEPT):
        return [*problems, findings.no_bucket(seen.path, size, fit, config)], None
    if config.enable_bucket:
        if fit.kept < MUCH_CUT:
            problems.append(findings.much_cut(seen.path, fit))
        if fit.enlargement(size) > MUCH_ENLARGED:
            problems.append(findings.much_enlarged(seen.path, size, fit))
    text = folder.prompt if seen.caption.path is None else seen.caption.text
    return problems, PlannedImage(
        path=seen.path,
        folder=seen.folder,
        is_reg=folder.is_reg,
        repeats=folder.repeats,
        size=size,
        fit=fit,
        caption=captions.dress(text, config),
        caption_path=seen.caption.path,
        content=seen.look.content,
    )


def _caption_notices(
    folder: Folder, seen: Sequence[_Seen], files: Mapping[str, Path], extension: str
) -> list[Problem]:
    """What is worth saying about the captions of one folder."""
    problems = []
    without = [one.path for one in seen if one.caption.path is None]
    if without and not folder.prompt:
        problems.append(findings.no_words(folder, without))
    used = Counter(one.caption.path for one in seen if one.caption.path is not None)
    stand_ins = [path for path in used if path.suffix.lower() != extension]
    if stand_ins:
        problems.append(findings.stand_ins(folder, stand_ins, extension))
    problems += [findings.shared_caption(path) for path, times in used.items() if times > 1]
    orphans = {path for path in files.values() if path.suffix.lower() == extension} - set(used)
    return problems + [findings.orphan(path) for path in sorted(orphans)]


def _folder_words_notices(seen: Sequence[_Seen]) -> list[Problem]:
    without = sum(one.caption.path is None for one in seen)
    return [findings.folder_words_used(without, len(seen))] if without else []
