"""Verifies each image once before a run: decoded in full, measured, hashed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from core.catalog import Size, Words
from core.counting import size_text
from core.data.images import decode, messages
from core.data.images.load import content_hash
from core.errors import Problem
from core.files import NoFile, TooLarge
from core.reading import reason

_LOOKS_LIKE = (
    ((b"<!doctype html", b"<html", b"<head", b"<body"), Words("a web page (HTML)", "Webページ（HTML）")),
    ((b"<svg", b"<?xml"), Words("a drawing or text in XML (SVG)", "XML・SVGファイル")),
    ((b"version https://git-lfs",), Words("a Git LFS pointer, not the file itself", "Git LFSのポインター")),
    ((b"PK\x03\x04",), Words("a ZIP archive", "ZIPファイル")),
    ((b"%PDF",), Words("a PDF document", "PDF文書")),
    ((b"8BPS",), Words("a Photoshop document", "Photoshopファイル")),
    ((b"{", b"["), Words("JSON text", "JSONテキスト")),
)


@dataclass(frozen=True)
class Verified:
    """What verifying a file gave. size: pixels, upright, None when unusable. content: hash of the bytes.

    has_alpha: whether the file knows of transparency.
    """

    size: Size | None
    content: str
    problems: tuple[Problem, ...]
    has_alpha: bool = False


def verify(path: Path) -> Verified:
    """Read, hash and fully decode one file. Raises nothing for what is wrong with the file."""
    try:
        data = decode.read(path)
    except OSError as error:
        return Verified(None, "", (_unreadable(path, error),))
    content = content_hash(data)
    try:
        image = decode.open_image(data)
        if image is None:
            return Verified(None, content, (messages.NOT_AN_IMAGE(path=path, looks=_guess(data)),))
        stored = Size(*image.size)
        if stored.width * stored.height > decode.MAX_PIXELS:
            limit = decode.MAX_PIXELS // 1_000_000
            return Verified(None, content, (messages.TOO_MANY_PIXELS(path=path, size=stored, limit=limit),))
        with decode.room_for(image):
            notices = _decode(path, image)
        size = decode.upright_size(image, stored)
    except decode.TooDeep:
        return Verified(None, content, (messages.TOO_DEEP(path=path),))
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises nearly anything for a broken file, also SyntaxError
        return Verified(None, content, (_broken(path, data, error),))
    return Verified(size, content, tuple(notices), image.has_transparency_data)


def _decode(path: Path, image: Image.Image) -> list[Problem]:
    """Go through all pixels and give what is worth a notice. Raises TooDeep, and what Pillow raises."""
    if image.format in ("JPEG", "MPO"):
        # An eighth of the size: every byte is still read, but most of the arithmetic is spared.
        image.draft("RGB", (max(1, image.width // 8), max(1, image.height // 8)))
    image.load()
    if image.mode in ("I", "F"):
        raise decode.TooDeep(image.mode)
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    notices = []
    if kind != Image.registered_extensions().get(path.suffix.lower(), kind):
        notices.append(messages.OTHER_KIND(path=path, kind=kind))
    if kind != "JPEG" and getattr(image, "n_frames", 1) > 1:
        notices.append(messages.ANIMATED(path=path))
    turned = decode.orientation(image)
    if not 1 <= turned <= 8:
        notices.append(messages.BAD_ORIENTATION(path=path, value=turned))
    return notices


def _broken(path: Path, data: bytes, error: Exception) -> Problem:
    is_jpeg = data.startswith(b"\xff\xd8\xff")
    if is_jpeg and (b"\xff\xd9" not in data[-4096:] or "truncated" in str(error).lower()):
        return messages.TRUNCATED(path=path, size=len(data))
    return messages.CORRUPT(path=path, reason=str(error) or type(error).__name__)


def _guess(data: bytes) -> Words:
    """What a file that is no image may be, as the end of a sentence."""
    if not data:
        return Words("is empty (0 bytes)", "空のファイル、0バイト")
    if not data.strip(b"\x00"):
        return Words("holds only zeros", "中身がすべて0")
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginnings, words in _LOOKS_LIKE:
        if start.startswith(tuple(beginning.lower() for beginning in beginnings)):
            return Words(f"looks like {words.en}", f"{words.ja}のようです", f"看起来是{words.of('zh')}")
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1"):
        return Words("is a HEIC photo; convert it to JPEG", "HEIC形式です。JPEGに変換してください")
    if data[:8].isascii() and data[:8].decode("ascii").isprintable():
        text = data[:8].decode("ascii")
        return Words(f"begins with “{text}”", f"先頭は「{text}」", f"以“{text}”开头")
    numbers = data[:8].hex(" ")
    return Words(f"begins with the bytes {numbers}", f"先頭のバイトは{numbers}", f"以字节{numbers}开头")


def _unreadable(path: Path, error: OSError) -> Problem:
    if isinstance(error, TooLarge):
        limit = size_text(decode.MAX_BYTES)
        return messages.TOO_MANY_BYTES(path=path, size=size_text(error.size), limit=limit)
    advice = Words("Check its permissions or the drive.", "アクセス権やドライブを確認してください。")
    if isinstance(error, NoFile):
        advice = Words("Remove it from the folder.", "フォルダーから取り除いてください。")
    return messages.UNREADABLE(path=path, reason=reason(error), advice=advice)
