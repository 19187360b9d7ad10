"""A ZIP of images, looked at before anything is unpacked and unpacked under names of our own making."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.catalog import Words
from core.control import RunControl
from core.counting import size_text
from core.data.intake import messages
from core.data.intake.gather import CAPTION_SUFFIXES, Entry
from core.data.names import IMAGE_SUFFIXES, is_junk
from core.errors import UserError
from core.reading import reading, unreadable

Report = Callable[[str, int, int], None]

_UTF8 = 0x800
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Only those that zipfile unpacks piece by piece: of bzip2 and LZMA a few bytes become gigabytes at once."""
_PLAIN_KINDS = (0, stat.S_IFREG)
_CHUNK = 1 << 20
_ENTRY = b"PK\x01\x02"
"""What every entry of an archive's list begins with."""

_AGAIN = Words("Pack the images again.", "もう一度作成してください。")

_log = logging.getLogger(__name__)


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
class Unpacked:
    """The files of an archive, on disk. left_out: reason -> names of the others."""

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


class _Archive(io.BufferedReader):
    """The file below zipfile, which takes the list of files for as long as one of several end records says.

    So the limits hold on the bytes that zipfile is about to take for the list, whatever any record claims.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__(io.FileIO(path))
        self.is_listed = False
        self._path, self._limits = path, limits

    def read(self, size: int | None = -1, /) -> bytes:
        """Raises UserError for more than the limits of a list, while it is read."""
        if self.is_listed:
            return super().read(size)
        if size is not None and size > self._limits.listing_bytes:
            if size > self._path.stat().st_size:
                raise zipfile.BadZipFile("the list is longer than the file")
            raise UserError(
                messages.LONG_ZIP_LISTING(
                    path=self._path, size=size_text(size), limit=size_text(self._limits.listing_bytes)
                )
            )
        data = super().read(size)
        count = data.count(_ENTRY)
        if count > self._limits.files:
            raise UserError(messages.MANY_IN_ZIP(path=self._path, count=count, limit=self._limits.files))
        return data


@contextlib.contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[zipfile.ZipFile]:
    """The archive with its list read. Raises UserError for what is no ZIP, or has too long a list."""
    if not path.is_file():  # a pipe would be waited for
        raise UserError(messages.NOT_A_ZIP(path=path))
    with contextlib.ExitStack() as stack:
        with reading(path, "E-ZIP-BAD", advice=_AGAIN):
            file = stack.enter_context(_Archive(path, limits))
            try:
                archive = stack.enter_context(zipfile.ZipFile(file))
            except zipfile.BadZipFile as error:
                raise UserError(messages.NOT_A_ZIP(path=path)) from error
        file.is_listed = True
        yield archive


def _members(
    archive: zipfile.ZipFile, caption_extension: str, limits: Limits
) -> tuple[list[Member], dict[str, list[str]]]:
    """What is to be unpacked, and what not, by reason. Raises UserError for more than the limits."""
    members: list[Member] = []
    left_out: dict[str, list[str]] = {}
    texts = {caption_extension.lower(), f".{caption_extension.lower()}", *CAPTION_SUFFIXES}
    for info in archive.infolist():
        name = name_of(info)
        parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
        if name.endswith(("/", "\\")) or not parts:
            continue
        suffix = Path(parts[-1]).suffix.lower()
        reason = _danger(info, name, parts, limits) or _unusable(info, parts, suffix, texts, limits)
        if reason:
            left_out.setdefault(reason, []).append("/".join(parts))
        else:
            members.append(Member(info, parts, suffix))
    return members, left_out


def unpack(
    path: Path,
    folder: Path,
    caption_extension: str,
    report: Report,
    control: RunControl,
    limits: Limits = LIMITS,
) -> Unpacked:
    """Write the images and captions below `folder`, which is new.

    The files are called 1.png, 2.txt, ...: a name out of the archive never becomes a path. Raises UserError
    for a file that is no ZIP or asks for more than the limits, and StopRun when stopped.
    """
    with _opened(path, limits) as archive:
        with reading(path, "E-ZIP-BAD", advice=_AGAIN):
            members, left_out = _members(archive, caption_extension, limits)
            _refuse_bomb(path, members, limits)
        size = sum(member.info.file_size for member in members)
        entries: list[Entry] = []
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise UserError(messages.CANNOT_UNPACK(path=folder, reason=error.strerror)) from error
        try:
            if size > shutil.disk_usage(folder).free:
                raise UserError(messages.NO_SPACE_FOR_ZIP(path=path, size=size_text(size)))
            for number, member in enumerate(members, start=1):
                control.check()
                report("unpack", number, len(members))
                to = folder / f"{number}{member.suffix}"
                if _write(archive, member, to):
                    entries.append(Entry(to, member.parts))
                else:
                    left_out.setdefault("damaged", []).append("/".join(member.parts))
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if not isinstance(error, OSError):
                raise
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UserError(messages.NO_SPACE_FOR_ZIP(path=path, size=size_text(size))) from error
            raise UserError(messages.CANNOT_UNPACK(path=folder, reason=error.strerror)) from error
    return Unpacked(tuple(entries), {reason: tuple(names) for reason, names in left_out.items()})


def _write(archive: zipfile.ZipFile, member: Member, to: Path) -> bool:
    """One file; False when it is damaged or holds more than it says. Raises OSError of the disk."""
    left = member.info.file_size
    with to.open("xb") as writer:
        try:
            for chunk in _chunks(archive, member):
                left -= len(chunk)
                if left < 0:
                    break
                writer.write(chunk)
        except _Damaged:
            left = -1
    if left != 0:
        to.unlink(missing_ok=True)
    return left == 0


class _Damaged(Exception):
    """A packed file can't be unpacked."""


def _chunks(archive: zipfile.ZipFile, member: Member) -> Iterator[bytes]:
    """The bytes of a packed file, a megabyte at a time. Raises _Damaged, UserError when a drive is gone."""
    try:
        with archive.open(member.info) as reader:
            while chunk := reader.read(_CHUNK):
                yield chunk
    except OSError as error:
        if error.errno != errno.EINVAL:  # of a place before the file's start, where a header lies
            raise unreadable(Path(archive.filename or ""), error, "E-ZIP-BAD", advice=_AGAIN) from error
        raise _Damaged from error
    except Exception as error:  # zipfile and zlib raise nearly anything for a header that lies
        _log.info("%s could not be unpacked", member.info.filename, exc_info=True)
        raise _Damaged from error


def _danger(info: zipfile.ZipInfo, name: str, parts: tuple[str, ...], limits: Limits) -> str:
    """Why a file is not unpacked whatever it is, or ""."""
    if stat.S_IFMT(info.external_attr >> 16) not in _PLAIN_KINDS:
        return "link"
    is_absolute = name.startswith(("/", "\\")) or (len(parts[0]) == 2 and parts[0][1] == ":")
    if is_absolute or ".." in parts or "\0" in name:
        return "outside"
    if info.flag_bits & _ENCRYPTED:
        return "password"
    if info.compress_type not in _METHODS:
        return "method"
    return "large" if info.file_size > limits.one_bytes else ""


def _unusable(
    info: zipfile.ZipInfo, parts: tuple[str, ...], suffix: str, texts: set[str], limits: Limits
) -> str:
    """Why there is no use for a file here, or ""."""
    if any(is_junk(part) for part in parts):
        return "junk"
    if suffix in IMAGE_SUFFIXES:
        return ""
    if suffix not in texts:
        return "kind"
    return "large" if info.file_size > limits.caption_bytes else ""


def _refuse_bomb(path: Path, members: list[Member], limits: Limits) -> None:
    """Raises UserError when the files would be far larger than the archive, or too large in all."""
    total = sum(member.info.file_size for member in members)
    packed = max(1, path.stat().st_size)
    if total > limits.all_bytes:
        size, limit = size_text(total), size_text(limits.all_bytes)
        raise UserError(messages.LARGE_ZIP(path=path, size=size, limit=limit))
    if total > limits.free_of_ratio and total > limits.ratio * packed:
        raise UserError(messages.ZIP_BOMB(path=path, times=total / packed))
