"""Caption files that are edited: read in any encoding, written as UTF-8 at one stroke."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

from core import files
from core.data.caption_editor import messages
from core.data.captions import captions, encodings
from core.data.captions.captions import FALLBACK, dotted
from core.data.undo import FileChange, State
from core.errors import Problem, UserError

# Kinds of file that are captions with every tool: nothing that is a program, an image, settings or weights.
_CAPTIONS = re.compile(r"\.(caption|cap|txt|text|tags?|prompts?|desc)[0-9a-z_-]{0,8}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def is_caption_suffix(suffix: str) -> bool:
    """Whether files of this kind (".txt") are captions, and so may be written."""
    return _CAPTIONS.fullmatch(suffix.lower()) is not None


def suffix_for_new(extension: str) -> str:
    """The suffix of caption files that are made new. Raises UserError for one that is no caption's."""
    suffix = dotted(extension) if extension.strip() else FALLBACK
    if not is_caption_suffix(suffix):
        raise UserError(messages.NOT_AN_EXTENSION(suffix=suffix))
    return suffix


def decode(data: bytes) -> tuple[str, str | None] | None:
    """The text, by byte order mark, as UTF-8, or by a guess; None when it is none of these.

    With plain newlines, none at its end, and the name of the encoding where it was guessed, else None.
    Training refuses what is only guessed; here it is shown, so that a user can put it right.
    """
    text, guess = encodings.decode(data), None
    if text is None:
        guess = encodings.guess(data)
        if guess is None:
            return None
        text = data.decode(guess)
    return _plain(text).removesuffix("\n"), guess


def encode(text: str) -> bytes:
    """The bytes of a caption file with this text."""
    return f"{text}\n".encode()


def typed(text: str) -> str:
    """A text from a field as it is kept: plain newlines, no control characters, no line end at its end."""
    return _CONTROL.sub("", _plain(text)).rstrip("\n")


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


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

    Without waiting for the disk: 1,000 files would take a minute, and the history that was written before
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


class CaptionFiles:
    """Caption files in a history. allow: raises UserError for a file that may not be written."""

    def __init__(self, allow: Callable[[Path], object]) -> None:
        self._allow = allow

    def now(self, change: FileChange) -> State:
        """The file's bytes. Raises UserError for what is no caption file, or may not be written."""
        self._allow(change.path)
        resolved(change.path)
        return read(change.path)

    def put(self, change: FileChange, state: State) -> None:
        """Write or remove the file. Raises UserError."""
        put(change.path, state)

    def changed(self, change: FileChange) -> Problem:
        """For a file that another program or window wrote."""
        return messages.CHANGED_ELSEWHERE(path=change.path)
