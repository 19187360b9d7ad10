"""Captions for the images of a folder, by a tagger or a language model; one change that can be undone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image

from core.captioners import messages as captioner_messages
from core.captioners import source
from core.captioners.prompts import with_hint
from core.captioners.scores import Picking
from core.captioners.source import Found
from core.captioners.tag_text import Writing, joined, written
from core.captioners.tagger import Tagger, runtime
from core.catalog import Words
from core.config.schema.dataset import DatasetConfig
from core.counting import counted
from core.data.caption_editor import edits, files
from core.data.caption_editor.session import Entry, changed, open_session
from core.data.images import decode
from core.data.images.verify import verify
from core.data.undo import History
from core.errors import Problem, UserError
from core.forecast import machine
from core.tools.caption_settings import CaptionSettings, picking_of, writing_of
from core.tools.kept_model import KEPT
from core.tools.messages import CAPTION_FOLDER, CAPTION_NO_IMAGES
from core.tools.tool import Outcome, Tool, Work

KIND = "caption"
"""Of such a change in the history of captions."""

_LARGEST_SIDE = 4096
"""Pixels; larger images are halved until they are below: no model sees so many."""
_SENTENCE_ENDS = ".!?。！？"
_WORKING_SHARE, _WORKING_BYTES = 1.2, 600_000_000
"""What a model takes in memory beside its weights."""

Allow = Callable[[Path], object]


@dataclass
class Report:
    """What was done. captioned: images whose caption was written. existing: images whose caption was left.

    done: those that a call with the same settings had done before it was stopped. paths: the files written.
    """

    captioned: int = 0
    existing: int = 0
    done: int = 0
    paths: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def words(self) -> Words:
        """The report in one line; the problems are not in it."""
        parts = [
            (f"{counted(self.captioned, 'image')} captioned", f"{self.captioned}枚にキャプションを付けました")
        ]
        if self.existing:
            parts.append((f"{self.existing} had a caption already", f"すでにあるもの{self.existing}枚"))
        if self.done:
            parts.append((f"{self.done} done before", f"前回までに済んだもの{self.done}枚"))
        en, ja = zip(*parts, strict=True)
        zh = [f"已为{self.captioned}张图像添加标注"]
        zh += [f"已有标注的{self.existing}张"] if self.existing else []
        zh += [f"之前已完成的{self.done}张"] if self.done else []
        return Words("; ".join(en), "、".join(ja), "，".join(zh))

    def outcome(self) -> Outcome:
        """The report as that of any tool."""
        return Outcome((self.words(),), problems=tuple(self.problems))


TOOL = Tool(
    "caption",
    Words("Caption images", "キャプションを自動で付ける"),
    CaptionSettings,
    "core.tools.caption:run",
    on_gpu=True,
)


def run(settings: CaptionSettings, work: Work) -> Outcome:
    """Caption a folder in the console. Raises what `caption_folder` does."""
    history = History(
        Path(settings.workspace) / "captions" / "journal.jsonl", files.CaptionFiles(lambda path: None)
    )
    report = caption_folder(settings, work, history, lambda path: None)
    return report.outcome()


def caption_folder(
    settings: CaptionSettings, work: Work, history: History, allow: Allow, see: Allow = lambda path: None
) -> Report:
    """Write a caption for every image that training would read one for, as one change of the history.

    Stopped, it keeps what is done; called again with the same settings, it goes on and makes the same change
    longer. allow, see: raise UserError for a folder that may not be written to, or not be shown. Images are
    only read. Raises UserError when nothing can be done, StopRun when it is stopped.
    """
    picking, writing = picking_of(settings), writing_of(settings)
    found = source.here(settings.model)
    report = Report()
    entries = _entries(settings, report, allow, see)
    todo = _todo(entries, settings, history, report)
    if not todo:
        return report
    if found is None or found.manifest is not None:
        _needs_runtime(settings.model, found)
    found = source.located(settings.model, _fetching(work))
    makes_tags = found.manifest is not None
    maker = (_Tags if makes_tags else _Sentences)(found, settings, picking, writing)
    work.at("load_model", 0, 1)
    with KEPT.alone(maker.load, work.control):
        _write(todo, maker, settings, (work, history, report))
    return report


def _needs_runtime(name: str, found: Found | None) -> None:
    """Raises UserError for a tagger without its library, before anything is downloaded."""
    if found is not None or source.is_tagger(name):
        runtime()


def _fetching(work: Work) -> Callable[[int, int], None]:
    def fetched(megabytes: int, of: int) -> None:
        work.progress("fetch_model", megabytes, of)
        work.control.check_stop()

    return fetched


def _entries(settings: CaptionSettings, report: Report, allow: Allow, see: Allow) -> list[Entry]:
    """The images whose captions may be written. Raises UserError where there are none."""
    folder = Path(settings.source)
    if not folder.is_dir():
        raise UserError(CAPTION_FOLDER(path=folder))
    config = DatasetConfig(train_data_dir=str(folder), caption_extension=settings.caption_extension)
    session = open_session(config, allow, see)
    locked = [view.locked for view in session.folders if view.locked is not None]
    entries = [entry for entry in session.entries.values() if entry.folder.locked is None]
    if not entries:
        errors = [problem for problem in session.problems if problem.is_error]
        raise UserError(*(locked[:1] or errors[:1] or [CAPTION_NO_IMAGES(path=folder)]))
    report.problems += locked
    report.problems += [entry.problem for entry in entries if entry.problem is not None]
    return [entry for entry in entries if entry.is_open]


def _todo(
    entries: Sequence[Entry], settings: CaptionSettings, history: History, report: Report
) -> list[Entry]:
    """The images that get a caption: not those that have one already, nor those done before a stop."""
    key, done = key_of(settings), dict[Path, bytes | None]()
    for change in reversed(history.changes()):
        if change.kind == KIND and change.settings.get("key") == ("", key):
            done |= {one.path: one.new for one in change.files}
    todo = []
    for entry in entries:
        if entry.path in done and entry.data == done[entry.path]:
            report.done += 1
        elif settings.existing == "skip" and entry.text.strip():
            report.existing += 1
        else:
            todo.append(entry)
    return todo


def key_of(settings: CaptionSettings) -> str:
    """Names the settings that shape a caption: two calls with the same ones write the same."""
    shaping = settings.model_dump_json(exclude={"device", "batch", "workspace"})
    return hashlib.blake2b(shaping.encode("utf-8"), digest_size=12).hexdigest()


class _Tags:
    """What a tagger writes. at_once: images that it is given together."""

    def __init__(self, found: Found, settings: CaptionSettings, picking: Picking, writing: Writing) -> None:
        self._found, self._settings, self._picking, self._writing = found, settings, picking, writing
        self.at_once = settings.batch

    def load(self) -> Tagger:
        assert self._found.manifest is not None, "a tagger has a manifest"
        _refuse_too_large(self._found, self._settings, 4)
        self._tagger = Tagger(self._found.folder, self._found.manifest, self._settings.device)
        self.at_once = self._tagger.fixed_batch or self.at_once
        return self._tagger

    def texts(self, images: Sequence[Image.Image], before: Sequence[str], work: Work) -> list[str]:
        return [", ".join(written(tags, self._writing)) for tags in self._tagger.tags(images, self._picking)]

    @staticmethod
    def appended(line: str, text: str) -> str:
        before = edits.tags(line)
        return ", ".join(joined(edits.tags(text), before))


class _Sentences:
    """What a language model writes."""

    at_once = 1

    def __init__(self, found: Found, settings: CaptionSettings, picking: Picking, writing: Writing) -> None:
        self._found, self._settings, self._writing = found, settings, writing

    def load(self) -> Any:
        from core.captioners import language  # brings torch, which takes seconds to be imported

        settings = self._settings
        _refuse_too_large(self._found, settings, language.bytes_per_number(settings.device))
        self._asking = language.Asking(
            settings.prompt,
            settings.length,
            settings.tokens,
            settings.temperature,
            settings.seed,
            settings.side,
        )
        self._captioner = language.Captioner(self._found.folder, settings.device)
        return self._captioner

    def texts(self, images: Sequence[Image.Image], before: Sequence[str], work: Work) -> list[str]:
        """before: the captions that the images have, for a prompt that speaks of them."""
        check, prompt = work.control.check, self._asking.prompt
        asked = [replace(self._asking, prompt=with_hint(prompt, caption)) for caption in before]
        pairs = zip(images, asked, strict=True)
        said = [self._captioner.caption(image, asking, check) for image, asking in pairs]
        return [", ".join([*self._writing.first, text]) if text else "" for text in said]

    @staticmethod
    def appended(line: str, text: str) -> str:
        start = line.rstrip()
        if text in start:
            return line
        return f"{start}{' ' if start[-1:] in _SENTENCE_ENDS else ', '}{text}"


def _refuse_too_large(found: Found, settings: CaptionSettings, bytes_per_number: int) -> None:
    """Raises UserError for a model that does not fit into the memory that is free."""
    there = machine.look()
    needed = source.memory_of(found, bytes_per_number) * _WORKING_SHARE + _WORKING_BYTES
    is_gpu = there.is_gpu and settings.device != "cpu" and found.manifest is None
    free = there.free if is_gpu else machine.free_ram()
    if needed > free:
        place = Words("GPU", "GPU") if is_gpu else Words("RAM", "RAM")
        told = captioner_messages.MEMORY(
            path=settings.model, needed=needed / 1e9, free=free / 1e9, place=place
        )
        raise UserError(told)


def _write(
    todo: Sequence[Entry],
    maker: _Tags | _Sentences,
    settings: CaptionSettings,
    to: tuple[Work, History, Report],
) -> None:
    """Write the captions, some images at a time; the next ones are read meanwhile."""
    work, history, report = to
    record, done = _Record(settings, history, report), 0
    with closing(_read_ahead(todo, maker.at_once)) as groups:
        for entries, seen in groups:
            work.at("caption", done, len(todo))
            report.problems += [one for one in seen if isinstance(one, Problem)]
            images = [one for one in seen if isinstance(one, Image.Image)]
            named = [entry for entry, one in zip(entries, seen, strict=True) if isinstance(one, Image.Image)]
            texts = maker.texts(images, [entry.text for entry in named], work) if images else []
            for entry, text in zip(named, texts, strict=True):
                record.write(entry, _caption(entry, files.typed(text), maker, settings))
            done += len(entries)
    work.progress("caption", len(todo), len(todo))


class _Record:
    """The change that the captions are written as: the latest one, where that is of the same settings."""

    def __init__(self, settings: CaptionSettings, history: History, report: Report) -> None:
        self._history, self._report, self._key = history, report, key_of(settings)
        self._about = settings.model.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
        last = history.last
        is_same = last is not None and last.kind == KIND and last.settings.get("key") == ("", self._key)
        self._number = last.number if last is not None and is_same else None

    def write(self, entry: Entry, caption: str) -> None:
        """Write one caption. Raises UserError when it can't be written down."""
        report = self._report
        if not caption.strip():
            report.problems.append(captioner_messages.NO_ANSWER(path=entry.image))
            return
        change = changed(entry, caption)
        if change.old == change.new:
            report.captioned += 1
            return
        outcome = self._history.join(self._number, KIND, self._about, change, self._key)
        self._number = outcome.change.number if outcome.change else self._number
        report.problems += outcome.problems
        report.captioned += len(outcome.done)
        report.paths += outcome.done


def _caption(entry: Entry, text: str, maker: _Tags | _Sentences, settings: CaptionSettings) -> str:
    """The whole text of the file."""
    if settings.existing != "append" or not entry.text.strip() or not text:
        return text
    lines = entry.text.split("\n")
    return "\n".join(maker.appended(line, text) if line.strip() else line for line in lines)


def _read_ahead(
    todo: Sequence[Entry], at_once: int
) -> Generator[tuple[Sequence[Entry], list[Image.Image | Problem]]]:
    """The images in groups: each as its pixels, or why it can't be read."""
    groups = [todo[n : n + at_once] for n in range(0, len(todo), at_once)]
    with ThreadPoolExecutor(2, "rareword-read") as pool:

        def begin(n: int) -> list[Future[Image.Image | Problem]]:
            return [pool.submit(_image, entry.image) for entry in groups[n]] if n < len(groups) else []

        reading = begin(0)
        for n, group in enumerate(groups):
            now, reading = reading, begin(n + 1)
            yield group, [one.result() for one in now]


def _image(path: Path) -> Image.Image | Problem:
    """An image upright, in RGB, on white; the problem of a file that can't be used."""
    try:
        image = decode.open_image(decode.read(path))
        if image is not None and image.width * image.height <= decode.MAX_PIXELS:
            with decode.room_for(image):
                rgb = decode.upright_rgb(image)
            times = max(rgb.size) // _LARGEST_SIDE
            return rgb.reduce(times) if times > 1 else rgb
        why = ""
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises nearly anything for a broken file
        why = str(error) or type(error).__name__
    told = [problem for problem in verify(path).problems if problem.is_error]
    return told[0] if told else captioner_messages.UNREADABLE(path=path, why=why)
