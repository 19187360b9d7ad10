"""Names of folders and files: what `20_sls frog` means, what an image is called, what is never looked at."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from core.catalog import Words

MAX_REPEATS = 100_000
"""More is a slip of the keyboard: one image would be trained 100,000 times before the next epoch."""

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"}
)

FOREIGN_SUFFIXES = frozenset(
    {".heic", ".heif", ".jxl", ".jp2", ".psd", ".svg", ".tga", ".ico", ".cr2", ".cr3", ".nef", ".arw", ".dng"}
)
"""Images, but of kinds that are not read here; named in a notice."""

EXCLUDED = "excluded"
"""Folder inside one of images, or beside such folders, for what is left out: no trainer looks into it."""

_JUNK = frozenset(
    {"thumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "system volume information"}
)
_FULL_WIDTH_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")


def nfc(text: str) -> str:
    """The text in composed form: macOS gives file names decomposed, everybody else composed."""
    return unicodedata.normalize("NFC", text)


def is_junk(name: str) -> bool:
    """Whether a file or folder is a system's own litter (`._a.png`, Thumbs.db) and is never looked at."""
    return name.startswith(".") or name.casefold() in _JUNK


def is_excluded(name: str) -> bool:
    """Whether a folder holds what a user has left out."""
    return name.casefold() == EXCLUDED


def is_image(path: Path) -> bool:
    """Whether the name says so: a known extension in any case, and not litter."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not is_junk(path.name)


def is_text(name: str) -> bool:
    """Whether the name can be written down at all; names made under another encoding can't."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def shown(text: str) -> str:
    """The text with what can't be written down replaced by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def short_name(path: Path) -> str:
    """A file by its folder's name and its own: "20_sls frog/a.png"."""
    return f"{path.parent.name}/{path.name}"


def parse(name: str) -> tuple[int, str] | None:
    """Repeats and prompt of a folder's name: "20_sls frog" -> (20, "sls frog"); None when it is no such name.

    ASCII and full-width digits count; the prompt may be empty ("20_"), for folders whose images all have
    captions.
    """
    if complaint(name) is not None:
        return None
    digits, _, words = nfc(name).partition("_")
    return int(digits.translate(_FULL_WIDTH_DIGITS)), words.strip()


def complaint(name: str) -> Words | None:
    """Why a folder's name is not of the form number, underscore, words; None when it is."""
    if not is_text(name):
        return Words("its name is not valid Unicode text", "フォルダー名が正しいUnicode文字列ではありません")
    head, underscore, _ = nfc(name).partition("_")
    if not underscore:
        return Words(
            "the number of repeats and an underscore are missing before the words",
            "先頭に「繰り返し回数」と「_」（半角アンダーバー）がありません",
        )
    digits = head.translate(_FULL_WIDTH_DIGITS)
    if not (digits.isascii() and digits.isdigit()):
        return Words(
            f"what stands before the first underscore, '{head}', is not a whole number such as 20",
            f"最初の「_」の前の「{head}」が、20のような整数ではありません",
            f"第一个“_”之前的“{head}”不是20这样的整数",
        )
    repeats = digits.lstrip("0")
    if not repeats:
        return Words(
            f"with 0 repeats it would never be trained; give 1 to {MAX_REPEATS:,}",
            f"繰り返し回数0では学習されません（1〜{MAX_REPEATS:,}にしてください）",
            f"重复次数为0就不会被训练；请设为1至{MAX_REPEATS:,}",
        )
    if len(repeats) > 12 or int(repeats) > MAX_REPEATS:
        count = f"{int(repeats):,}" if len(repeats) <= 12 else f"10^{len(repeats) - 1}"
        return Words(
            f"an epoch would have {count} samples of each image; {MAX_REPEATS:,} repeats are possible",
            f"1エポックのサンプル数が画像1枚あたり{count}になります（繰り返し回数の上限は{MAX_REPEATS:,}）",
            f"每张图像在一轮中会有{count}个样本；重复次数最多为{MAX_REPEATS:,}",
        )
    return None


def suggestion(name: str) -> str:
    """A name of the right form close to a wrong one: "20 sls frog" -> "20_sls frog", "frog" -> "10_frog"."""
    text = shown(nfc(name)).translate(_FULL_WIDTH_DIGITS)
    parts = re.match(r"[^\w]*([0-9]+)(?:[.,][0-9]+)?[\s\-_.＿]+(.*)", text)
    repeats, words = (int(parts[1][:12]), parts[2]) if parts else (10, text.strip("_＿-. "))
    words = words.strip("_＿ ") or "sls frog"
    return f"{min(max(repeats, 1), 1000) if repeats <= MAX_REPEATS else 10}_{words}"
