"""The images of a dataset with their captions, opened to be edited."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.config.schema.dataset import DatasetConfig
from core.data.caption_editor import edits, files, messages
from core.data.captions import captions
from core.data.names import parse
from core.data.sources import find, folders
from core.data.sources.folders import Folder
from core.data.undo import FileChange
from core.errors import Problem, UserError

SHOWS = ("all", "missing", "empty", "long", "lines", "encoding", "unreadable")
"""Which captions are shown: those of images without a file, empty ones, too long ones, those of several
lines, those in another encoding than UTF-8, those that can't be read."""


@dataclass(frozen=True)
class FolderView:
    """One folder of images. settings: the options for it. locked: why nothing is written there."""

    path: Path
    prompt: str
    is_reg: bool
    settings: DatasetConfig
    locked: Problem | None = None


@dataclass(frozen=True)
class Entry:
    """An image with its caption file.

    key: names the image, short, without its path. path: the file that training reads, or the one that would
    be made. data: its bytes, None when there is no file. text: "" when there is none. guess: the encoding it
    was read as, where that is a guess and training does not take it. problem: why it can't be edited, None
    when it can.
    """

    key: str
    image: Path
    folder: FolderView
    path: Path
    data: bytes | None = None
    text: str = ""
    guess: str | None = None
    problem: Problem | None = None

    @property
    def has_file(self) -> bool:
        return self.data is not None

    @property
    def is_open(self) -> bool:
        """Whether the caption may be edited."""
        return self.problem is None and self.folder.locked is None

    def tokens(self, count: Callable[[str], int]) -> int:
        """Tokens of the longest form in which training sees the caption."""
        settings = self.folder.settings
        lines = captions.lines_of(self.text if self.has_file else self.folder.prompt)
        text = "\n".join(lines if settings.enable_wildcard else lines[:1])
        return count(captions.longest(captions.dress(text, settings), settings))


@dataclass(frozen=True)
class CaptionSession:
    """Captions that are open. problems: what is wrong with the folders."""

    folders: tuple[FolderView, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Filter:
    """Which images are shown: all of these hold.

    text: in the caption or file name. folder: its number, or None. limit: tokens above which one is too long.
    """

    text: str = ""
    show: str = "all"
    folder: int | None = None
    tag: str = ""
    limit: int = 75


def open_session(
    config: DatasetConfig, allow: Callable[[Path], object], see: Callable[[Path], object] = lambda _: None
) -> CaptionSession:
    """Every image that training would read a caption file for, by folder and name. Decodes no image.

    A folder of images itself is taken as well as the one above it. allow: raises UserError for a folder
    nothing may be written to; its captions are shown, not edited. see: for one that is not even shown.
    """
    sources = _with_leaves(find.find(config), config)
    views: list[FolderView] = []
    entries: dict[str, Entry] = {}
    problems = [problem for problem in sources.problems if not problem.code.startswith("W-IMG")]
    for number, folder in enumerate(sources.folders):
        settings = sources.settings[folder.settings]
        if number in sources.metadata:
            file = settings.in_json or ""
            problems.append(messages.IN_METADATA(path=file, count=len(folder.images)))
            continue
        try:
            see(folder.path)
        except UserError as e:
            problems += e.problems
            continue
        locked = _locked(folder, settings, allow)
        views.append(FolderView(folder.path, folder.prompt, folder.is_reg, settings, locked))
        for entry in _entries(folder, views[-1]):
            entries.setdefault(entry.key, entry)
    return CaptionSession(tuple(views), entries, tuple(problems))


def _with_leaves(sources: find.Sources, config: DatasetConfig) -> find.Sources:
    """The folders; where there are none, the named folder itself when images lie in it."""
    if config.dataset_config or config.in_json:
        return sources
    leaves = []
    for named, is_reg in ((config.train_data_dir, False), (config.reg_data_dir or "", True)):
        path = Path(named)
        has_folders = any(folder.images and folder.is_reg == is_reg for folder in sources.folders)
        if has_folders or not named.strip() or not path.is_dir():
            continue
        scanned = folders.single(path, 1, (parse(path.resolve().name) or (1, ""))[1], is_reg)
        leaves += [folder for folder in scanned.folders if folder.images]
    paths = {str(folder.path) for folder in leaves}
    problems = tuple(p for p in sources.problems if p.path not in paths or "LAYOUT" not in p.code)
    return replace(sources, folders=(*sources.folders, *leaves), problems=problems)


def _locked(folder: Folder, settings: DatasetConfig, allow: Callable[[Path], object]) -> Problem | None:
    try:
        allow(folder.path)
        files.suffix_for_new(settings.caption_extension)
    except UserError as e:
        return e.problems[0]
    return None


def _entries(folder: Folder, view: FolderView) -> Iterator[Entry]:
    if not folder.images:
        return
    extension = captions.dotted(view.settings.caption_extension)
    listing = captions.listing(folder.path)
    for image in folder.images:
        path = captions.find(listing, image.stem, extension)
        path = path or captions.find(listing, image.stem, captions.FALLBACK) or image.with_suffix(extension)
        yield loaded(Entry(key_of(image), image, view, path))


def key_of(image: Path) -> str:
    """A short name of an image that says nothing of where it lies."""
    return hashlib.blake2b(str(image).encode("utf-8", "replace"), digest_size=9).hexdigest()


def loaded(entry: Entry) -> Entry:
    """The entry with its file as it is now."""
    problem = None
    try:
        data = files.read(entry.path)
    except UserError as e:
        data, problem = b"", e.problems[0]
    decoded = files.decode(data or b"")
    if decoded is None:
        decoded, problem = ("", None), messages.UNKNOWN_ENCODING(path=entry.path)
    return replace(entry, data=data, text=decoded[0], guess=decoded[1], problem=problem)


def reloaded(session: CaptionSession, paths: Iterable[Path]) -> CaptionSession:
    """The session with these files as they are now."""
    changed = set(paths)
    entries = {key: loaded(e) if e.path in changed else e for key, e in session.entries.items()}
    return replace(session, entries=entries)


def filtered(session: CaptionSession, filter_: Filter, count: Callable[[str], int]) -> list[Entry]:
    """The entries that a filter shows."""
    text = filter_.text.strip().casefold()
    number = filter_.folder
    folders = session.folders if number is None else session.folders[number : number + 1]
    return [
        entry
        for entry in session.entries.values()
        if entry.folder in folders
        and (not text or text in entry.text.casefold() or text in entry.image.name.casefold())
        and (not filter_.tag or filter_.tag in edits.tags(entry.text))
        and _shows(entry, filter_, count)
    ]


def _shows(entry: Entry, filter_: Filter, count: Callable[[str], int]) -> bool:
    match filter_.show:
        case "missing":
            return not entry.has_file
        case "empty":
            return entry.has_file and entry.problem is None and not captions.lines_of(entry.text)
        case "long":
            return entry.tokens(count) > filter_.limit
        case "lines":
            return len(captions.lines_of(entry.text)) > 1
        case "encoding":
            return entry.guess is not None
        case "unreadable":
            return entry.problem is not None
        case _:
            return True


def tag_counts(entries: Iterable[Entry]) -> list[tuple[str, int]]:
    """Each tag with how many captions have it, the most frequent first."""
    counts = Counter(tag for entry in entries for tag in edits.tags(entry.text))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].casefold(), pair[0]))


def changed(entry: Entry, text: str) -> FileChange:
    """What writing this text into an image's caption would change; nothing for no text where no file is."""
    if not entry.has_file and not text.strip():
        return FileChange(entry.path, None, None)
    if entry.has_file and text == entry.text:
        return FileChange(entry.path, entry.data, entry.data)
    return FileChange(entry.path, entry.data, files.encode(text))


def planned(entries: Iterable[Entry], edit: edits.Edit) -> list[tuple[Entry, FileChange]]:
    """What an edit would change, of the captions that may be edited; those that stay are left out."""
    changes: dict[Path, tuple[Entry, FileChange]] = {}
    for entry in entries:
        change = FileChange(entry.path, entry.data, _edited(entry, edit))
        if entry.is_open and change.old != change.new:
            changes.setdefault(entry.path, (entry, change))
    return list(changes.values())


def _edited(entry: Entry, edit: edits.Edit) -> bytes | None:
    words = entry.folder.prompt
    if edit.kind == "folder":
        return files.encode(words) if words and not entry.has_file else entry.data
    if edit.kind == "utf8":
        return files.encode(entry.text) if entry.guess else entry.data
    text = edits.apply(edit, entry.text, words)
    return entry.data if text == entry.text else files.encode(text)


def text_of(data: bytes | None) -> str:
    """The text of a file's bytes as it is shown; "" when there is no file."""
    decoded = files.decode(data or b"")
    return "" if decoded is None else decoded[0]
