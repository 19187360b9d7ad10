"""Each picture looked at once before a run: decoded in full, measured, hashed; nothing breaks in mid-run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from core.catalog import Size, Words
from core.data.images import decode
from core.data.images.load import content_hash
from core.errors import Problem, plain_problem
from core.files import NoFile, TooLarge
from core.reading import reason

_SUFFIX_KINDS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".webp": "WEBP", ".bmp": "BMP",
    ".gif": "GIF", ".tif": "TIFF", ".tiff": "TIFF", ".avif": "AVIF",
}  # fmt: skip

_LOOKS_LIKE = (
    ((b"<!doctype html", b"<html", b"<head", b"<body"), Words("a web page (HTML)", "Webページ（HTML）")),
    ((b"<svg", b"<?xml"), Words("a drawing or text in XML (SVG)", "XML・SVGファイル")),
    ((b"version https://git-lfs",), Words("a Git LFS pointer, not the file itself", "Git LFSのポインタ")),
    ((b"PK\x03\x04",), Words("a ZIP archive", "ZIPファイル")),
    ((b"%PDF",), Words("a PDF document", "PDF文書")),
    ((b"8BPS",), Words("a Photoshop document", "Photoshopファイル")),
    ((b"{", b"["), Words("JSON text", "JSONテキスト")),
)


@dataclass(frozen=True)
class Look:
    """What one look at a file gave. size: pixels, upright, None when unusable. content: hash of the bytes.

    has_alpha: whether the file knows of transparency.
    """

    size: Size | None
    content: str
    problems: tuple[Problem, ...]
    has_alpha: bool = False


def look(path: Path) -> Look:
    """Read, hash and fully decode one file. Raises nothing for what is wrong with the file."""
    try:
        data = decode.read(path)
    except TooLarge as error:
        return Look(None, "", (_heavy(path, error),))
    except OSError as error:
        return Look(None, "", (_unreadable(path, error),))
    content = content_hash(data)
    try:
        picture = decode.open_picture(data)
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises nearly anything for a broken header, also SyntaxError
        return Look(None, content, (_broken(path, data, error),))
    if picture is None:
        return Look(None, content, (_no_picture(path, data),))
    stored = Size(*picture.size)
    if stored.width * stored.height > decode.MAX_PIXELS:
        return Look(None, content, (_huge(path, stored),))
    try:
        with decode.room_for(picture):
            notices = _decode(path, picture)
        size = decode.upright_size(picture, stored)
    except decode.TooDeep:
        return Look(None, content, (_too_deep(path),))
    except MemoryError:
        raise
    except Exception as error:  # the same for broken pixels
        return Look(None, content, (_broken(path, data, error),))
    return Look(size, content, tuple(notices), picture.has_transparency_data)


def _decode(path: Path, picture: Image.Image) -> list[Problem]:
    """Go through all pixels and give what is worth a notice. Raises TooDeep, and what Pillow raises."""
    if picture.format in ("JPEG", "MPO"):
        # An eighth of the size: every byte is still read, but most of the arithmetic is spared.
        picture.draft("RGB", (max(1, picture.width // 8), max(1, picture.height // 8)))
    picture.load()
    if picture.mode in ("I", "F"):
        raise decode.TooDeep(picture.mode)
    kind = "JPEG" if picture.format == "MPO" else str(picture.format)
    notices = []
    if kind != _SUFFIX_KINDS.get(path.suffix.lower(), kind):
        notices.append(_misnamed(path, kind))
    if kind != "JPEG" and getattr(picture, "n_frames", 1) > 1:
        notices.append(_animated(path))
    turned = decode.orientation(picture)
    if not 1 <= turned <= 8:
        notices.append(_odd_orientation(path, turned))
    return notices


def _broken(path: Path, data: bytes, error: Exception) -> Problem:
    is_jpeg = data.startswith(b"\xff\xd8\xff")
    if is_jpeg and (b"\xff\xd9" not in data[-4096:] or "truncated" in str(error).lower()):
        return plain_problem(
            "E-IMG-TRUNC",
            f"the picture {path} ends early ({len(data):,} bytes). Export or fetch it again, or delete it.",
            f"画像 {path} が途中で切れています（{len(data):,}バイト）。"
            "保存やダウンロードをやり直すか、削除してください。",
            path=str(path),
        )
    reason = str(error) or type(error).__name__
    return plain_problem(
        "E-IMG-CORRUPT",
        f"the picture {path} is damaged or cut short ({reason}). Export or download it again, or delete it.",
        f"画像 {path} が壊れているか途中で切れています（{reason}）。"
        "保存やダウンロードをやり直すか、削除してください。",
        path=str(path),
    )


def _no_picture(path: Path, data: bytes) -> Problem:
    looks = _guess(data)
    return plain_problem(
        "E-IMG-NOTIMAGE",
        f"{path} is no picture: it {looks.en}. Replace it by a picture, or delete it.",
        f"{path} は画像ではありません（{looks.ja}）。画像に差し替えるか、削除してください。",
        path=str(path),
    )


def _guess(data: bytes) -> Words:
    """What a file that is no picture may be, as the end of a sentence."""
    if not data:
        return Words("is empty (0 bytes)", "空のファイル、0バイト")
    if not data.strip(b"\x00"):
        return Words("holds only zeros", "中身がすべて0")
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginnings, words in _LOOKS_LIKE:
        if start.startswith(tuple(beginning.lower() for beginning in beginnings)):
            return Words(f"looks like {words.en}", f"{words.ja}のようです")
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1"):
        return Words("is a HEIC photo; convert it to JPEG", "HEIC形式です。JPEGに変換してください")
    return Words(f"begins with {data[:8]!r}", f"先頭のバイトは{data[:8]!r}")


def _unreadable(path: Path, error: OSError) -> Problem:
    why = reason(error)
    advice = Words("Check its permissions or the drive.", "アクセス権やドライブを確認してください。")
    if isinstance(error, NoFile):
        advice = Words("Take it out of the folder.", "フォルダから取り除いてください。")
    return plain_problem(
        "E-IMG-READ",
        f"the picture {path} can't be read: {why.en}. {advice.en}",
        f"画像 {path} を読み込めません（{why.ja}）。{advice.ja}",
        path=str(path),
    )


def _heavy(path: Path, error: TooLarge) -> Problem:
    size, limit = error.size / 1e6, decode.MAX_BYTES / 1e6
    return plain_problem(
        "E-IMG-HUGE",
        f"the file of the picture {path} has {size:,.0f} MB; the limit is {limit:,.0f} MB. "
        "Save it anew as PNG or JPEG, or shrink it.",
        f"画像ファイル {path} は{size:,.0f} MBで、上限の{limit:,.0f} MBを超えています。"
        "PNGかJPEGで保存し直すか、縮小してください。",
        path=str(path),
    )


def _huge(path: Path, size: Size) -> Problem:
    limit = decode.MAX_PIXELS // 1_000_000
    return plain_problem(
        "E-IMG-HUGE",
        f"the picture {path} is {size.width}x{size.height}; the limit is {limit} megapixels. Shrink it.",
        f"画像 {path} は{size.width}×{size.height}ピクセルで、上限の{limit}メガピクセルを超えています。"
        "縮小してください。",
        path=str(path),
    )


def _too_deep(path: Path) -> Problem:
    return plain_problem(
        "E-IMG-DEPTH",
        f"the picture {path} has 32-bit or floating point values of unknown range. Save it as 8-bit PNG.",
        f"画像 {path} は32bitまたは浮動小数点の形式です。8bitのPNGで保存し直してください。",
        path=str(path),
    )


def _misnamed(path: Path, kind: str) -> Problem:
    return plain_problem(
        "I-IMG-EXT",
        f"`{path.name}` is really a {kind} file; it is used as it is.",
        f"「{path.name}」の実際の形式は{kind}です。そのまま使用します。",
        path=str(path),
    )


def _animated(path: Path) -> Problem:
    return plain_problem(
        "W-IMG-ANIM",
        f"`{path.name}` has several frames; only the first one is trained.",
        f"「{path.name}」には複数のフレームがあります。最初のフレームだけを学習します。",
        path=str(path),
    )


def _odd_orientation(path: Path, value: int) -> Problem:
    return plain_problem(
        "I-IMG-EXIF",
        f"`{path.name}` has an EXIF orientation of {value}, which does not exist; it is not turned.",
        f"「{path.name}」のEXIFの向き（{value}）は無効な値なので、回転しません。",
        path=str(path),
    )
