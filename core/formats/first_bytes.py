"""What a file is that is given as a model and is none, told by its first bytes."""

from __future__ import annotations

from pathlib import Path

from core.catalog import Words
from core.errors import UserError
from core.formats import messages

LENGTH = 512
"""Bytes that are looked at."""

_IMAGE = "an image ({})", "画像（{}）"
_ARCHIVE = "an archive ({}); unpack it first", "圧縮ファイル（{}）。先に展開してください"
_OTHER = "{}", "{}"

_MARKS = (
    (b"\x89PNG", _IMAGE, "PNG"),
    (b"\xff\xd8\xff", _IMAGE, "JPEG"),
    (b"GIF8", _IMAGE, "GIF"),
    (b"BM", _IMAGE, "BMP"),
    (b"II*\0", _IMAGE, "TIFF"),
    (b"MM\0*", _IMAGE, "TIFF"),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE, "7z"),
    (b"Rar!", _ARCHIVE, "RAR"),
    (b"\x1f\x8b", _ARCHIVE, "gzip"),
    (b"\xfd7zXZ", _ARCHIVE, "xz"),
    (b"GGUF", _OTHER, "GGUF"),
    (b"%PDF", _OTHER, "PDF"),
    (b"SQLite format 3\0", _OTHER, "SQLite"),
)
_LFS = b"version https://git-lfs"


def refuse_other(path: Path, start: bytes) -> None:
    """Raises UserError when a file that begins with `start` is an image, an archive, a text, ...

    Neither a .safetensors file nor one of torch's is ever taken for one of these.
    """
    found = _named(start)
    if found is not None:
        raise UserError(messages.NOT_A_MODEL(path=path, found=found))


def _named(start: bytes) -> Words | None:
    for mark, (en, ja), name in _MARKS:
        # The length that a .safetensors file begins with ends in zeros; no header is of 16 TB.
        if start.startswith(mark) and start[6:8] != b"\0\0":
            return Words(en.format(name), ja.format(name))
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return Words(_IMAGE[0].format("WebP"), _IMAGE[1].format("WebP"))
    if start[4:8] == b"ftyp":
        return Words("an image or a video (AVIF, HEIC, MP4)", "画像または動画（AVIF・HEIC・MP4）")
    if start.startswith(_LFS):
        return Words(
            "the pointer of a file kept by Git LFS, whose contents were not downloaded (git lfs pull)",
            "Git LFSのポインターで、中身がダウンロードされていません（git lfs pull）",
        )
    if start.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        return Words(
            "a web page (the download link may ask for a login)",
            "Webページ（ダウンロードにログインが必要かもしれません）",
        )
    return Words("a text file", "テキストファイル") if _is_text(start) else None


def _is_text(start: bytes) -> bool:
    """Whether it reads as lines of text; a cut character at its end counts."""
    if len(start) < 8:
        return False
    text = start.decode("utf-8", "ignore")
    is_whole = len(text.encode("utf-8")) >= len(start) - 3
    return is_whole and all(letter.isprintable() or letter in "\t\r\n\ufeff" for letter in text)
