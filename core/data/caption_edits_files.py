"""Caption files that are edited: which may be written, how they hold their text, writing at one stroke."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core.data.captions import FALLBACK, dotted
from core.errors import Problem, UserError

# Longest marks first: that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SHIFT_JIS = "cp932"
"""What editors of Japanese Windows write; training refuses it, so it is read here to be put right."""

MOST_BYTES = 1_000_000
"""A caption is a sentence or two; a larger file is something else."""

# Kinds of file that are captions with every tool: nothing that is a program, a picture, settings or weights.
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
        raise UserError(
            Problem(
                "E-CAP-EXTENSION",
                f"'{suffix}' is no extension of caption files; choose .caption or .txt.",
                f"「{suffix}」はキャプションファイルの拡張子ではありません。.captionか.txtにしてください。",
                key="dataset.caption_extension",
            )
        )
    return suffix


def decode(data: bytes) -> Written | None:
    """The text by its byte order mark, else as UTF-8, else as Shift-JIS; None when it is none of these."""
    mark, encoding = next(((m, name) for m, name in _MARKS if data.startswith(m)), (b"", ""))
    if not mark and data.count(0) * 4 > len(data):
        return None  # UTF-16 without a mark
    for name in (encoding,) if mark else ("utf-8", SHIFT_JIS):
        try:
            text = data[len(mark) :].decode(name)
        except UnicodeDecodeError:
            continue
        return _laid_out(text, name, mark)
    return None


def _laid_out(text: str, encoding: str, mark: bytes) -> Written:
    lines, breaks = _BREAKS.split(text)[::2], _BREAKS.split(text)[1::2]
    final = ""
    if breaks and not lines[-1]:
        lines.pop()
        final = breaks.pop()
    return Written("\n".join(lines), Layout(encoding, mark, tuple(breaks), final))


def encode(text: str, layout: Layout) -> bytes:
    """The bytes of a text in a file's own layout; as UTF-8 when Shift-JIS lacks one of its signs.

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
    """The bytes of a Shift-JIS file as UTF-8, line ends and all; any other file as it is."""
    written = decode(data)
    if written is None or written.layout.encoding != SHIFT_JIS:
        return data
    return data.decode(SHIFT_JIS).encode("utf-8")


def typed(text: str) -> str:
    """A text from a field as it is kept: plain newlines, no control characters, no line end at its end."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", plain).rstrip("\n")


def read(path: Path) -> bytes | None:
    """The bytes of a caption file, None when there is none. Raises UserError when it can't be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(_too_large(path))
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(_unreadable(path, error)) from error


def resolved(path: Path) -> Path:
    """The file a caption's path leads to, links followed. Raises UserError for what is no caption file."""
    real = Path(os.path.realpath(path))
    if not (is_caption_suffix(path.suffix) and is_caption_suffix(real.suffix)) or real.is_dir():
        raise UserError(_no_caption(path))
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
        raise UserError(_unwritable(path, error)) from error


def _no_caption(path: Path) -> Problem:
    return Problem(
        "E-CAP-KIND",
        f"`{path.name}` is no caption file, and is not written.",
        f"「{path.name}」はキャプションファイルではないため、書き込みません。",
        path=str(path),
    )


def _too_large(path: Path) -> Problem:
    return Problem(
        "E-CAP-LARGE",
        f"`{path.name}` is larger than {MOST_BYTES:,} bytes; that is no caption.",
        f"「{path.name}」は{MOST_BYTES:,}バイトを超えています。キャプションではないようです。",
        path=str(path),
    )


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(
        "E-CAP-READ",
        f"`{path.name}` can't be read: {error.strerror}. Check its permissions or the drive.",
        f"「{path.name}」を読み込めません（{error.strerror}）。アクセス権やドライブを確認してください。",
        path=str(path),
    )


def _unwritable(path: Path, error: OSError) -> Problem:
    return Problem(
        "E-CAP-WRITE",
        f"`{path.name}` can't be written: {error.strerror}. It is as it was; check its permissions, "
        "the drive and programs that have it open.",
        f"「{path.name}」に書き込めません（{error.strerror}）。ファイルは元のままです。"
        "アクセス権・ドライブ・開いている他のソフトを確認してください。",
        path=str(path),
    )
