"""A ZIP of pictures, looked at before anything is unpacked and unpacked under names of our own making."""

from __future__ import annotations

import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.control import RunControl
from core.data.gather import CAPTION_SUFFIXES, Entry
from core.data.names import PICTURE_SUFFIXES, is_junk
from core.errors import Problem, UserError

Report = Callable[[str, int, int], None]

_UTF8 = 0x800
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
"""LZMA is left out: its header alone may ask for 4 GB of memory."""
_PLAIN_KINDS = (0, stat.S_IFREG)
_CHUNK = 1 << 20
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")


@dataclass(frozen=True)
class Limits:
    """What an archive may hold. Bytes are of the unpacked files; ratio: unpacked to packed, of the whole."""

    files: int = 20_000
    listing_bytes: int = 16 << 20
    one_bytes: int = 512 << 20
    caption_bytes: int = 1 << 20
    all_bytes: int = 8 << 30
    ratio: int = 100
    free_of_ratio: int = 64 << 20


LIMITS = Limits()


@dataclass(frozen=True)
class Member:
    """A file that would be unpacked. parts: its folders and its name, as packed."""

    info: zipfile.ZipInfo
    parts: tuple[str, ...]
    suffix: str


@dataclass(frozen=True)
class Listing:
    """What is in an archive. left_out: reason -> names."""

    members: tuple[Member, ...] = ()
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Unpacked:
    """The files of an archive, on disk."""

    entries: tuple[Entry, ...] = ()
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def name_of(info: zipfile.ZipInfo) -> str:
    """The name as its packer meant it: old packers wrote the bytes of their own system, in Japan cp932."""
    packed = info.orig_filename
    if info.flag_bits & _UTF8:
        return packed
    raw = packed.encode("cp437", "replace")
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return packed


def look(path: Path, caption_extension: str = ".caption", limits: Limits = LIMITS) -> Listing:
    """What would be unpacked and what would not; reads the list at the file's end only.

    Raises UserError for a file that is no ZIP, or asks for more than the limits.
    """
    try:
        _refuse_long_listing(path, limits)
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, struct.error) as error:
        raise UserError(_damaged(path)) from error
    taken: list[Member] = []
    left_out: dict[str, list[str]] = {}
    texts = {caption_extension.lower(), f".{caption_extension.lower()}", *CAPTION_SUFFIXES}
    for info in infos:
        name = name_of(info)
        parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
        if info.is_dir() or name.endswith("\\") or not parts:
            continue
        suffix = Path(parts[-1]).suffix.lower()
        reason = _refusal(info, name, parts, limits) or _unwanted(info, suffix, texts, limits)
        if reason:
            left_out.setdefault(reason, []).append("/".join(parts))
        else:
            taken.append(Member(info, parts, suffix))
    _refuse_bomb(path, taken, limits)
    return Listing(tuple(taken), {reason: tuple(names) for reason, names in left_out.items()})


def unpack(
    path: Path,
    folder: Path,
    caption_extension: str,
    report: Report,
    control: RunControl,
    limits: Limits = LIMITS,
) -> Unpacked:
    """Write the pictures and captions below `folder`, which is new.

    Raises UserError, and StopRun when stopped.

    The files are called 1.png, 2.txt, ...: a name out of the archive never becomes a path.
    """
    listing = look(path, caption_extension, limits)
    total = sum(member.info.file_size for member in listing.members)
    folder.mkdir(parents=True)
    entries: list[Entry] = []
    damaged: list[str] = []
    try:
        if total > shutil.disk_usage(folder).free:
            raise UserError(_no_space(path, total))
        with zipfile.ZipFile(path) as archive:
            for number, member in enumerate(listing.members, start=1):
                control.check()
                report("unpack", number, len(listing.members))
                to = folder / f"{number}{member.suffix}"
                if _write(archive, member, to):
                    entries.append(Entry(to, member.parts))
                else:
                    damaged.append("/".join(member.parts))
    except (OSError, zipfile.BadZipFile) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise UserError(_damaged(path)) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    left_out = dict(listing.left_out)
    if damaged:
        left_out["damaged"] = tuple(damaged)
    return Unpacked(tuple(entries), left_out)


def _write(archive: zipfile.ZipFile, member: Member, to: Path) -> bool:
    """One file; False when it is damaged or holds more than it says."""
    left = member.info.file_size
    try:
        with archive.open(member.info) as reader, to.open("xb") as writer:
            while chunk := reader.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    break
                writer.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        left = -1
    if left != 0:
        to.unlink(missing_ok=True)
    return left == 0


def _refusal(info: zipfile.ZipInfo, name: str, parts: tuple[str, ...], limits: Limits) -> str:
    """Why a file is not unpacked whatever it is, or ""."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in _PLAIN_KINDS:
        return "link"
    is_absolute = name.startswith(("/", "\\")) or (len(parts[0]) == 2 and parts[0][1] == ":")
    if is_absolute or ".." in parts or "\0" in name:
        return "outside"
    if info.flag_bits & _ENCRYPTED:
        return "password"
    if info.compress_type not in _METHODS:
        return "method"
    return "large" if info.file_size > limits.one_bytes else ""


def _unwanted(info: zipfile.ZipInfo, suffix: str, texts: set[str], limits: Limits) -> str:
    """Why a file is not wanted here, or ""."""
    if any(is_junk(part) for part in name_of(info).replace("\\", "/").split("/") if part):
        return "junk"
    if suffix in PICTURE_SUFFIXES:
        return ""
    if suffix not in texts:
        return "kind"
    return "large" if info.file_size > limits.caption_bytes else ""


def _refuse_long_listing(path: Path, limits: Limits) -> None:
    """Raises UserError when the list of files alone is too long to be read into memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - 65_557)
        file.seek(start)
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + _END.size > len(tail):
            raise zipfile.BadZipFile("no end record")
        *_, count, listing_bytes, _, _ = _END.unpack_from(tail, at)
        if at >= _LOCATOR64.size and tail[at - _LOCATOR64.size : at][:4] == b"PK\x06\x07":
            _, _, where, _ = _LOCATOR64.unpack_from(tail, at - _LOCATOR64.size)
            file.seek(where)
            *_, count, listing_bytes, _ = _END64.unpack(file.read(_END64.size))
    if count > limits.files or listing_bytes > limits.listing_bytes:
        raise UserError(
            Problem(
                "E-ZIP-MANY",
                f"`{path.name}` holds {count:,} files; {limits.files:,} are possible. Split it.",
                f"「{path.name}」には{count:,}個のファイルがあります（上限{limits.files:,}）。分割してください。",
                path=str(path),
            )
        )


def _refuse_bomb(path: Path, members: list[Member], limits: Limits) -> None:
    """Raises UserError when the files would be far larger than the archive, or too large in all."""
    total = sum(member.info.file_size for member in members)
    packed = max(1, path.stat().st_size)
    if total > limits.all_bytes:
        raise UserError(
            Problem(
                "E-ZIP-LARGE",
                f"`{path.name}` would be {total / 1e9:.1f} GB unpacked; {limits.all_bytes / 1e9:.1f} GB are "
                "possible. Split it, or unpack it yourself and name the folder.",
                f"「{path.name}」は展開すると{total / 1e9:.1f} GBになります"
                f"（上限{limits.all_bytes / 1e9:.1f} GB）。"
                "分割するか、展開したフォルダを指定してください。",
                path=str(path),
            )
        )
    if total > limits.free_of_ratio and total > limits.ratio * packed:
        raise UserError(
            Problem(
                "E-ZIP-BOMB",
                f"`{path.name}` would grow {total / packed:,.0f} times when unpacked, "
                "which pictures never do. It is not opened.",
                f"「{path.name}」は展開すると{total / packed:,.0f}倍になります。"
                "画像ではありえない大きさのため開きません。",
                path=str(path),
            )
        )


def _damaged(path: Path) -> Problem:
    return Problem(
        "E-ZIP-BAD",
        f"`{path.name}` is no ZIP file, or a damaged one. Pack the pictures again.",
        f"「{path.name}」はZIPファイルではないか、壊れています。もう一度作成してください。",
        path=str(path),
    )


def _no_space(path: Path, total: int) -> Problem:
    return Problem(
        "E-ZIP-SPACE",
        f"there is no room on the disk for the {total / 1e9:.1f} GB in `{path.name}`.",
        f"ディスクの空きが足りず、「{path.name}」（{total / 1e9:.1f} GB）を展開できません。",
        path=str(path),
    )
