"""Every folder, image and caption checked once: what can be trained, and what is wrong with the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from core.catalog import Size, Words
from core.config.schema.dataset import DatasetConfig
from core.counting import NAMED, listed
from core.data import buckets
from core.data.buckets import Fit
from core.data.caption_editor.edits import has_word
from core.data.captions import captions
from core.data.captions.captions import Caption
from core.data.images.verify import Verified, verify
from core.data.plan import messages, notices
from core.data.records import PlannedImage
from core.data.sources import find, masks
from core.data.sources.find import Sources
from core.data.sources.folders import Folder
from core.errors import Problem
from core.families import FamilySpec
from core.patience import Patience, in_order, patiently

Progress = Callable[[int, int], None]
"""Called with (done, total) images."""

Verify = Callable[[Path], Verified]
"""As `verify.verify`, which it may spare where a file of the same content was sound before."""

LEAST_KEPT = 0.1
"""An image of which a smaller share would be trained is refused: no bucket comes near its shape."""


@dataclass(frozen=True)
class Survey:
    """What there is to train on.

    images: those that can be trained, by folder, then name. settings: the options that hold for them.
    problems: of every kind.
    """

    settings: tuple[DatasetConfig, ...]
    folders: tuple[Folder, ...]
    images: tuple[PlannedImage, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Checked:
    folder: int
    path: Path
    file: Verified
    caption: Caption


def survey(
    config: DatasetConfig,
    patience: Patience,
    progress: Progress | None,
    check: Verify = verify,
    family: FamilySpec | None = None,
) -> Survey:
    """Check all that the run would train on, each file by `check`. Raises StopRun when asked to stop."""
    sources, files = patiently(lambda: _sources(config, family), patience, "folders")
    problems = list(sources.problems)
    seen = list(_checked(sources, files, patience, progress, check))
    images, more = _fitted(seen, sources, config)
    problems += more
    for index, folder in enumerate(sources.folders):
        inside = [one for one in seen if one.folder == index]
        settings = sources.settings[folder.settings]
        if index not in sources.metadata:
            problems += _caption_notices(folder, inside, files[index], settings)
        elif sources.metadata[index].sizes and not settings.enable_bucket:
            problems.append(messages.IDLE_SIZES(path=settings.in_json or ""))
    without = sum(one.caption.path is None and bool(sources.folders[one.folder].prompt) for one in seen)
    if without:
        has_reg = any(sources.folders[one.folder].is_reg for one in seen)
        message = messages.FOLDER_WORDS_USED_REG if has_reg else messages.FOLDER_WORDS_USED
        problems.append(message(count=without, total=len(seen)))
    masked, more = masks.find(images, sources.folders, sources.settings, check, patience)
    problems += more
    if not any(problem.is_error for problem in problems) and all(image.is_reg for image in images):
        is_only_reg = config.dataset_config and all(folder.is_reg for folder in sources.folders)
        problems.append(messages.ONLY_REG() if is_only_reg else messages.NONE_USABLE())
    return Survey(sources.settings, sources.folders, masked, tuple(problems))


def _sources(config: DatasetConfig, family: FamilySpec | None) -> tuple[Sources, list[Mapping[str, Path]]]:
    """The folders, and for each the files in it where captions are looked up."""
    sources = find.find(config, family)
    return sources, [
        captions.listing(folder.path) if folder.images and index not in sources.metadata else {}
        for index, folder in enumerate(sources.folders)
    ]


def _checked(
    sources: Sources,
    files: Sequence[Mapping[str, Path]],
    patience: Patience,
    progress: Progress | None,
    check: Verify,
) -> Iterator[_Checked]:
    """Decode and hash every image and read its caption, several at a time; results come in order."""
    jobs = [(index, path) for index, folder in enumerate(sources.folders) for path in folder.images]
    results: dict[Path, Verified] = {}

    def check_one(job: tuple[int, Path]) -> _Checked:
        index, path = job
        if path not in results:  # a folder may stand in several datasets
            results[path] = check(path)
        return _Checked(index, path, results[path], _caption(sources, index, path, files[index]))

    with closing(in_order(check_one, jobs, patience, "survey")) as images:
        for done, seen in enumerate(images, start=1):
            if progress is not None:
                progress(done, len(jobs))
            yield seen


def _caption(sources: Sources, index: int, path: Path, files: Mapping[str, Path]) -> Caption:
    """The caption by metadata, or by the file beside the image."""
    folder = sources.folders[index]
    settings = sources.settings[folder.settings]
    if index in sources.metadata:
        return Caption(sources.metadata[index].captions[path], Path(settings.in_json or ""))
    return captions.read(path, settings.caption_extension, files, all_lines=settings.enable_wildcard)


def _fitted(
    seen: Sequence[_Checked], sources: Sources, config: DatasetConfig
) -> tuple[list[PlannedImage], list[Problem]]:
    """The images that can be trained, and what is wrong with them and the others."""
    sizes = [
        buckets.candidates(Size(*s.resolution), s.min_bucket_reso, s.max_bucket_reso, s.bucket_reso_steps)
        for s in sources.settings
    ]
    images: list[PlannedImage] = []
    problems: list[Problem] = []
    left_out = 0
    for one in seen:
        problems += one.caption.problems
        about, image = _planned(one, sources, sizes)
        if image is None:
            left_out += 1
            if config.skip_bad_images:
                about = [p.as_warning() if p.is_error else p for p in about]
        else:
            images.append(image)
        problems += about
    if left_out and config.skip_bad_images:
        problems.append(messages.SKIPPED(used=len(images), count=len(seen)))
    for number, settings in enumerate(sources.settings):
        inside = [image for image in images if image.settings == number]
        problems += notices.on_sizes(inside, settings)
        opaque = [
            one.path
            for one in seen
            if sources.folders[one.folder].settings == number and one.file.size and not one.file.has_alpha
        ]
        if opaque and settings.alpha_mask:
            problems.append(notices.on_alpha(opaque, len(inside)))
    return images, [*problems, *notices.on_fit(images, sources.settings)]


def _planned(
    seen: _Checked, sources: Sources, sizes: Sequence[Sequence[Size]]
) -> tuple[list[Problem], PlannedImage | None]:
    """One image as it will be trained, or None with the reason among the problems."""
    folder = sources.folders[seen.folder]
    config = sources.settings[folder.settings]
    problems = list(seen.file.problems)
    size = seen.file.size
    if size is None:
        return problems, None
    prepared = sources.metadata[seen.folder].sizes.get(seen.path) if seen.folder in sources.metadata else None
    fit = _fit(size, prepared, config, sizes[folder.settings])
    if fit is None or (config.enable_bucket and fit.kept < LEAST_KEPT):
        return [*problems, notices.no_bucket(seen.path, size, fit, config)], None
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
        content=seen.file.content,
        settings=folder.settings,
        dataset=folder.dataset,
    )


def _fit(size: Size, prepared: Size | None, config: DatasetConfig, sizes: Sequence[Size]) -> Fit | None:
    """How the image is trained; with a size it was prepared for, that one chooses its bucket."""
    if prepared is None or not config.enable_bucket:
        return buckets.fit(size, config, sizes)
    chosen = buckets.fit(prepared, config, sizes)
    if chosen is None:
        return None
    return replace(buckets.cover(size, chosen.bucket), interpolation=chosen.interpolation)


def _caption_notices(
    folder: Folder, seen: Sequence[_Checked], files: Mapping[str, Path], config: DatasetConfig
) -> list[Problem]:
    """What is worth saying about the captions of one folder."""
    problems = []
    extension = captions.dotted(config.caption_extension)
    without = [one.path for one in seen if one.caption.path is None]
    if without and not folder.prompt:
        is_subset = folder.path == Path(config.train_data_dir)
        message = messages.NO_CLASS_TOKENS if is_subset else messages.NO_WORDS
        problems.append(message(path=folder.path, names=listed([path.name for path in without])))
    used = Counter(one.caption.path for one in seen if one.caption.path is not None)
    fallback = [path.name for path in used if path.suffix.lower() != extension]
    if fallback:
        names, count = listed(fallback, NAMED), len(fallback)
        problems.append(
            messages.FALLBACK_CAPTIONS(path=folder.path, count=count, extension=extension, names=names)
        )
    problems += [messages.SHARED_CAPTION(path=path) for path, times in used.items() if times > 1]
    problems += _identifier_notice(folder, seen, config)
    orphans = {path for path in files.values() if path.suffix.lower() == extension} - set(used)
    return problems + [messages.ORPHAN_CAPTION(path=path) for path in sorted(orphans)]


def _identifier_notice(folder: Folder, seen: Sequence[_Checked], config: DatasetConfig) -> list[Problem]:
    """Whether captions have the first of their folder's words; where others follow, it is the identifier."""
    word, *others = folder.prompt.split()[:2] or [""]
    texts = {one.path: captions.dress(one.caption.text, config) for one in seen if one.caption.text}
    lacking = [path for path, text in texts.items() if not has_word(text, word)]
    if folder.is_reg or not others or not lacking:
        return []
    if len(lacking) < len(texts):
        names, count, total = listed([path.name for path in lacking], NAMED), len(lacking), len(texts)
        return [messages.WORD_MISSING(path=folder.path, word=word, count=count, total=total, names=names)]
    first = {captions.first_word(text) for text in texts.values()}
    begin = first.pop() if len(first) == 1 else ""
    instead = (
        Words(f"; they begin with `{begin}`", f"（先頭は「{begin}」）", f"（开头为“{begin}”）")
        if begin
        else ""
    )
    notice = messages.WORD_NOWHERE(path=folder.path, word=word, total=len(texts), instead=instead)
    has_class = any(has_word(text, other) for text in texts.values() for other in others)
    return [notice if has_class else notice.as_info()]
