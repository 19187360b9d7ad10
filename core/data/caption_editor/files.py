"""Caption files that are edited: which may be written, how they hold their text, writing at one stroke."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core import files
from core.data.caption_editor import messages
from core.data.captions import captions, encodings
from core.data.captions.captions import FALLBACK, dotted
from core.errors import UserError

# Kinds of file that are captions with every tool: nothing that is a program, an image, settings or weights.
_CAPTIONS = re.compile(r"\.(caption|cap|txt|text|tags?|prompts?|desc)[0-9a-z_-]{0,8}")
_BREAKS = re.compile(r"(\r\n|\r|\n)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Layout:
    """How a file holds its text.

    encoding: Python's name. mark: the byte order mark, or b"". breaks: what ends each line but the last.
    final: the line end after the last line, or "".
    """

    encoding: str = "utf-8"
    mark: bytes = b""
    breaks: tuple[str, ...] = ()
    final: str = "\n"


@dataclass(frozen=True)
class Written:
    """The text of a file, its lines parted by a single newline sign, none after the last; and its layout."""

    text: str
    layout: Layout


def is_caption_suffix(suffix: str) -> bool:
    """Whether files of this kind (".txt") are captions, and so may be written."""
    return _CAPTIONS.fullmatch(suffix.lower()) is not None


def suffix_for_new(extension: str) -> str:
    """The suffix of caption files that are made new. Raises UserError for one that is no caption's."""
    suffix = dotted(extension) if extension.strip() else FALLBACK
    if not is_caption_suffix(suffix):
        raise UserError(messages.NOT_AN_EXTENSION(suffix=suffix))
    return suffix


def decode(data: bytes) -> Written | None:
    """The text by its byte order mark, else as UTF-8, else by the best guess; None when it is none of these.

    Training refuses what is only guessed; here it is shown, so that a user can put it right.
    """
    mark, name = encodings.mark_of(data)
    text = encodings.decode(data)
    if text is None:
        guess = encodings.guess(data)
        if guess is None:
            return None
        mark, name, text = b"", guess, data.decode(guess)
    return _laid_out(text, name, mark)


def is_guessed(layout: Layout) -> bool:
    """Whether the text was read by a guess: training does not take the file."""
    return not layout.mark and layout.encoding != "utf-8"


def _laid_out(text: str, encoding: str, mark: bytes) -> Written:
    lines, breaks = _BREAKS.split(text)[::2], _BREAKS.split(text)[1::2]
    final = ""
    if breaks and not lines[-1]:
        lines.pop()
        final = breaks.pop()
    return Written("\n".join(lines), Layout(encoding, mark, tuple(breaks), final))


def encode(text: str, layout: Layout) -> bytes:
    """The bytes of a text in a file's own layout; as UTF-8 when its encoding lacks one of the signs.

    Line ends stay as they are while the number of lines does; else the file's most frequent kind is taken.
    """
    lines = text.split("\n")
    breaks = list(layout.breaks)
    if len(breaks) != len(lines) - 1:
        kinds = Counter([*breaks, *([layout.final] if layout.final else [])])
        breaks = [kinds.most_common(1)[0][0] if kinds else "\n"] * (len(lines) - 1)
    pieces = [piece for pair in zip(lines, [*breaks, layout.final], strict=True) for piece in pair]
    whole = "".join(pieces)
    try:
        return layout.mark + whole.encode(layout.encoding)
    except UnicodeEncodeError:
        return whole.encode("utf-8")


def as_utf8(data: bytes) -> bytes:
    """The bytes of a file whose encoding was guessed as UTF-8, line ends and all; any other file as it is."""
    written = decode(data)
    if written is None or not is_guessed(written.layout):
        return data
    return data.decode(written.layout.encoding).encode("utf-8")


def typed(text: str) -> str:
    """A text from a field as it is kept: plain newlines, no control characters, no line end at its end."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", plain).rstrip("\n")


def read(path: Path) -> bytes | None:
    """The bytes of a caption file, None when there is none. Raises UserError when it can't be read."""
    try:
        return files.read(path, captions.MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(captions.unreadable(path, error)) from error


def resolved(path: Path) -> Path:
    """The file a caption's path leads to, links followed. Raises UserError for what is no caption file."""
    real = Path(os.path.realpath(path))
    if not (is_caption_suffix(path.suffix) and is_caption_suffix(real.suffix)) or real.is_dir():
        raise UserError(messages.NOT_A_CAPTION(path=path))
    return real


def put(path: Path, data: bytes | None) -> None:
    """Make the file hold these bytes at one stroke; None removes it. Raises UserError when it can't be done.

    Without waiting for the disk: 1,000 files would take a minute, and the journal that was written before
    holds the old bytes and the new ones.
    """
    real = resolved(path)
    beside = real.with_name(f".{real.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        if data is None:
            real.unlink(missing_ok=True)
            return
        try:
            beside.write_bytes(data)
            with contextlib.suppress(FileNotFoundError):
                os.chmod(beside, real.stat().st_mode & 0o7777)
            os.replace(beside, real)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(messages.UNWRITABLE(path=path, reason=error.strerror)) from error
