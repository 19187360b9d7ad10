"""Caption files of other encodings saved as UTF-8; the original of each stays beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.catalog import Words
from core.config.schema.option import Section, opt
from core.counting import counted
from core.data.caption_editor import files as caption_edits_files
from core.data.caption_editor import messages
from core.data.caption_editor.files import is_caption_suffix
from core.data.captions import captions, encodings
from core.data.names import is_image, is_junk, nfc
from core.errors import EXIT_REFUSED, Problem, UserError
from core.tools.messages import UTF8_ENCODING, UTF8_FOLDER
from core.tools.tool import Outcome, Tool, Work


@dataclass(frozen=True)
class Converted:
    """A file saved as UTF-8. encoding: what it was read as. kept: the original. text: what it says."""

    path: Path
    encoding: str
    kept: Path
    text: str

    @property
    def words(self) -> Words:
        """The file, what it was taken for, how it reads now, and where the original is."""
        names = encodings.NAMES.get(self.encoding, Words(self.encoding, self.encoding))
        start = self.text if len(self.text) <= 60 else self.text[:59] + "…"
        return Words(
            f"{self.path}: {names.en} -> UTF-8, reads `{start}`; the original is {self.kept.name}",
            f"{self.path}：{names.ja} → UTF-8「{start}」（元のファイル：{self.kept.name}）",
        )


@dataclass(frozen=True)
class Report:
    """What was done. problems: files that could not be read or written, or are in no encoding known here."""

    converted: tuple[Converted, ...]
    problems: tuple[Problem, ...]


def convert(folder: Path, encoding: str | None = None) -> Report:
    """Save the captions of the images in a folder, and in the folders directly in it, as UTF-8.

    encoding: Python's name of what files are in that are not UTF-8; None: the best guess for each. A file
    that is UTF-8, or has a byte order mark, is left alone. Raises UserError for what is no folder, and for an
    encoding that does not exist.
    """
    if encoding is not None:
        encoding = _known(encoding)
    done: list[Converted] = []
    problems: list[Problem] = []
    for path in _captions(folder):
        try:
            data = caption_edits_files.read(path)
            found = None if data is None else _convert(path, data, encoding)
        except UserError as error:
            problems += error.problems
            continue
        if found is not None:
            done.append(found)
    return Report(tuple(done), tuple(problems))


def _convert(path: Path, data: bytes, encoding: str | None) -> Converted | None:
    """None for a file that is fine. Raises UserError."""
    if encodings.decode(data) is not None:
        return None
    name = encoding or encodings.guess(data)
    try:
        text = data.decode(name) if name else None
    except UnicodeDecodeError:
        text = None
    if name is None or text is None:
        raise UserError(captions.wrong_encoding(path, data))
    kept = _free(path, name)
    try:
        shutil.copy2(path, kept)
    except OSError as error:
        raise UserError(messages.UNWRITABLE(path=kept, reason=error.strerror)) from error
    caption_edits_files.put(path, text.encode("utf-8"))
    return Converted(path, name, kept, " ".join(text.split()))


def _free(path: Path, encoding: str) -> Path:
    """A name beside the file for its original; no caption is looked for under such an ending."""
    free, number = path.with_name(f"{path.name}.{encoding}"), 1
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}.{encoding}-{number}")
    return free


def _captions(folder: Path) -> Iterator[Path]:
    """The caption files of all kinds that have an image of their name."""
    try:
        inner = sorted(path for path in folder.iterdir() if not is_junk(path.name) and path.is_dir())
        for place in (folder, *inner):
            files = sorted(place.iterdir())
            names = {nfc(path.stem).casefold() for path in files if is_image(path)}
            yield from (
                path
                for path in files
                if is_caption_suffix(path.suffix) and nfc(path.stem).casefold() in names and path.is_file()
            )
    except OSError as error:
        raise UserError(UTF8_FOLDER(path=folder, error=error.strerror)) from error


def _known(encoding: str) -> str:
    try:
        "".encode(encoding)  # codecs.lookup takes names of what is no text, such as base64
    except LookupError as error:
        raise UserError(UTF8_ENCODING(encoding=encoding, known=", ".join(encodings.NAMES))) from error
    return encoding


class Utf8Settings(Section):
    """Which captions are converted, and from what."""

    folder: str = opt(
        ...,
        ("Folder", "フォルダ"),
        (
            "Folder of images, or of folders of images.",
            "画像のフォルダ、または画像フォルダを入れたフォルダ。",
        ),
        path="folder",
    )
    encoding: str | None = opt(
        None,
        ("Encoding", "文字コード"),
        ("What the files are in; by default the best guess for each.", "元の文字コード。省略時は自動。"),
    )


def run(settings: Utf8Settings, work: Work) -> Outcome:
    """Convert the captions of a folder. Raises what `convert` does."""
    report = convert(Path(settings.folder), settings.encoding)
    lines = tuple(one.words for one in report.converted)
    if report.problems:
        return Outcome(lines, problems=report.problems, exit_code=EXIT_REFUSED)
    done = counted(len(lines), "caption file")
    total = Words(f"{done} saved as UTF-8.", f"{len(lines)}個のキャプションファイルをUTF-8に変換しました。")
    return Outcome((*lines, total))


TOOL = Tool(
    "utf8", Words("Save captions as UTF-8", "キャプションをUTF-8に変換"), Utf8Settings, "core.tools.utf8:run"
)
