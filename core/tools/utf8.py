"""Caption files of other encodings saved as UTF-8; the original of each stays beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from core.catalog import Words
from core.config.schema.option import Section, opt
from core.counting import counted
from core.data.caption_editor import files as caption_files
from core.data.caption_editor import messages
from core.data.captions import captions, encodings
from core.data.names import is_image, is_junk, nfc
from core.errors import EXIT_DONE, EXIT_REFUSED, Problem, UserError
from core.reading import reason
from core.tools.messages import UTF8_ENCODING, UTF8_FOLDER
from core.tools.tool import Outcome, Tool, Work


class Utf8Settings(Section):
    """Which captions are converted, and from what."""

    folder: str = opt(
        ...,
        ("Folder", "フォルダー"),
        (
            "Folder of images, or of folders of images.",
            "画像のフォルダー、または画像フォルダーを入れたフォルダー。",
        ),
        path="folder",
    )
    encoding: str | None = opt(
        None,
        ("Encoding", "文字コード"),
        ("What the files are in; by default the best guess for each.", "元の文字コード。省略時は自動。"),
    )


TOOL = Tool(
    "utf8", Words("Save captions as UTF-8", "キャプションをUTF-8に変換"), Utf8Settings, "core.tools.utf8:run"
)


def run(settings: Utf8Settings, work: Work) -> Outcome:
    """Save the captions of the images in a folder, and in the folders directly in it, as UTF-8.

    A file that is UTF-8, or has a byte order mark, is left alone; one that can't be read or written, or is in
    no encoding known here, is a problem of the outcome. Raises UserError for what is no folder, and for an
    encoding that does not exist.
    """
    encoding = settings.encoding
    try:
        "".encode(encoding or "utf-8")  # codecs.lookup takes names of what is no text, such as base64
    except LookupError as error:
        raise UserError(UTF8_ENCODING(encoding=encoding, known=", ".join(encodings.NAMES))) from error
    lines: list[Words] = []
    problems: list[Problem] = []
    for path in _captions(Path(settings.folder)):
        try:
            if (line := _convert(path, encoding)) is not None:
                lines.append(line)
        except UserError as error:
            problems += error.problems
    if not problems:
        done = counted(len(lines), "caption file")
        ja = f"{len(lines)}個のキャプションファイルをUTF-8に変換しました。"
        lines.append(Words(f"{done} saved as UTF-8.", ja))
    return Outcome(tuple(lines), problems=tuple(problems), exit_code=EXIT_REFUSED if problems else EXIT_DONE)


def _convert(path: Path, encoding: str | None) -> Words | None:
    """Convert one file, and say what it was taken for, how it reads now, and where the original is.

    None for a file that is fine. Raises UserError.
    """
    data = caption_files.read(path)
    if data is None or encodings.decode(data) is not None:
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
    caption_files.put(path, text.encode("utf-8"))
    names, start = encodings.NAMES.get(name, Words(name, name)), " ".join(text.split())
    start = start if len(start) <= 60 else start[:59] + "…"
    return Words(
        f"{path}: {names.en} -> UTF-8, reads `{start}`; the original is {kept.name}",
        f"{path}：{names.ja} → UTF-8「{start}」（元のファイル：{kept.name}）",
        f"{path}：{names.of('zh')} → UTF-8“{start}”（原文件：{kept.name}）",
    )


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
            for path in files:
                is_named = nfc(path.stem).casefold() in names
                if is_named and caption_files.is_caption_suffix(path.suffix) and path.is_file():
                    yield path
    except OSError as error:
        raise UserError(UTF8_FOLDER(path=folder, error=reason(error))) from error
