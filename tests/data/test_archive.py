"""ZIPs of images, well-meant and hostile."""

from __future__ import annotations

import errno
import io
import os
import stat
import struct
import tracemalloc
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from core.control import RunControl, StopRun
from core.data.intake.gather import paired
from core.data.intake.zip_file import LIMITS, unpack
from core.errors import UserError
from tests.data.images import draw


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def entry(path: Path, name: str, mode: int, data: bytes = b"x") -> Path:
    """An archive with one entry of a kind of its own."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, data)
    return path


def opened(path: Path, to: Path, **limits):
    return unpack(path, to, ".caption", lambda *_: None, RunControl(), replace(LIMITS, **limits))


def refused(path: Path, tmp_path: Path, **limits) -> str:
    with pytest.raises(UserError) as caught:
        opened(path, tmp_path / "out", **limits)
    assert not (tmp_path / "out").exists()
    return caught.value.problems[0].code


def test_images_and_captions_are_unpacked_together_and_everything_else_is_named(tmp_path):
    image = draw(tmp_path / "a.png").read_bytes()
    path = zipped(
        tmp_path / "a.zip",
        {
            "frogs/a.png": image,
            "frogs/a.txt": b"sls frog",
            "frogs/a.caption": b"green",
            "b/a.txt": b"alone",
            "run.exe": b"MZ",
            "__MACOSX/._a.png": b"x",
        },
    )
    found = opened(path, tmp_path / "out")
    (item,) = paired(found.entries).items
    assert item.name == "a.png" and item.image.read_bytes() == image
    assert [text.read_bytes() for text in item.captions] == [b"green", b"sls frog"]
    assert found.left_out == {"kind": ("run.exe",), "junk": ("__MACOSX/._a.png",)}
    assert paired(found.entries).left_out == {"orphan": ("a.txt",)}


@pytest.mark.parametrize(
    "name",
    ["../a.png", "x/../../a.png", "/a.png", "C:/a.png", "..\\a.png", "\\\\host\\a.png", "x/..\\..\\a.png"],
)
def test_a_path_out_of_the_zip_is_left_out_and_nothing_is_written_elsewhere(tmp_path, name):
    path = zipped(tmp_path / "a.zip", {name: b"x", "good.png": b"y"})
    found = opened(path, tmp_path / "deep" / "out")
    assert [e.parts for e in found.entries] == [("good.png",)]
    assert [*found.left_out] == ["outside"]
    assert sorted(p.name for p in tmp_path.rglob("*.png")) == ["1.png"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_left_out(tmp_path, kind):
    found = opened(entry(tmp_path / "a.zip", "a.png", kind | 0o777, b"/etc/passwd"), tmp_path / "out")
    assert found.entries == () and found.left_out == {"link": ("a.png",)}


def test_names_never_become_paths_and_every_system_takes_them(tmp_path):
    names = ["CON.png", "a:b?.png", "x" * 250 + ".png", "é" * 150 + ".png", "nul.txt.png"]
    path = zipped(tmp_path / "a.zip", {f"{n}/{name}": b"x" for n, name in enumerate(names)})
    found = opened(path, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [f"{n}.png" for n in range(1, 6)]
    safe = [item.name for item in paired(found.entries).items]
    assert safe[:2] == ["_CON.png", "a_b_.png"] and safe[-1] == "_nul.txt.png"
    assert all(len(name.encode()) <= 180 and name.endswith(".png") for name in safe)


def packed_as(tmp_path: Path, raw: bytes) -> Path:
    """An archive of an old packer: the name's bytes as they are, without the flag for UTF-8."""
    path = zipped(tmp_path / "old.zip", {"x" * len(raw): b"x"})
    path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
    return path


@pytest.mark.parametrize("name", ["表示ソ能.png", "カエル/蛙１.png"])
@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_japanese_names_of_old_packers_are_read(tmp_path, name, encoding):
    (entry,) = opened(packed_as(tmp_path, name.encode(encoding)), tmp_path / "out").entries
    assert "/".join(entry.parts) == name


def test_a_name_in_the_old_code_page_of_dos_is_read_too(tmp_path):
    (entry,) = opened(packed_as(tmp_path, b"caf\x82.png"), tmp_path / "out").entries
    assert entry.parts == ("café.png",)


def test_too_many_files_are_refused_before_the_list_is_parsed(tmp_path, monkeypatch):
    path = zipped(tmp_path / "a.zip", {f"{n}.png": b"" for n in range(30)})
    monkeypatch.setattr(zipfile, "ZipInfo", None)
    assert refused(path, tmp_path, files=29) == "E-ZIP-MANY"
    assert refused(path, tmp_path, listing_bytes=500) == "E-ZIP-MANY"


def end_record(count: int, size: int, at: int) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, at, 0)


def listed(name: bytes, at: int = 0, packed: int = 1, size: int = 1, method: int = 0) -> bytes:
    """An entry of the list at an archive's end, by the book (APPNOTE 4.3.12)."""
    head = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, method, 0, 33, 0, packed, size, len(name), *[0] * 4, 0, at
    )
    return head + name


def test_a_hundred_thousand_entries_are_refused_whatever_number_the_end_record_tells(tmp_path):
    entries = b"".join(listed(b"%06d.png" % n) for n in range(100_000))
    for told in (100_000 % 65_536, 1):
        (tmp_path / "a.zip").write_bytes(entries + end_record(told, len(entries), 0))
        assert refused(tmp_path / "a.zip", tmp_path) == "E-ZIP-MANY"


def test_a_second_end_record_does_not_pass_the_limit(tmp_path):
    """The locator points to a record of one file, the record that lies before it tells of 30."""
    one, many = listed(b"a.png"), b"".join(listed(b"%02d.png" % n) for n in range(30))

    def record(size: int, count: int, at: int) -> bytes:
        return struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, at)

    start = record(len(one), 1, 56) + one
    body = start + many + record(len(many), 30, len(start))
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    (tmp_path / "a.zip").write_bytes(body + locator + end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert len(archive.infolist()) == 30
    assert refused(tmp_path / "a.zip", tmp_path, files=29) == "E-ZIP-MANY"


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.bmp": bytes(2 << 20)}, zipfile.ZIP_DEFLATED)
    assert refused(path, tmp_path, free_of_ratio=1 << 20) == "E-ZIP-BOMB"
    assert refused(path, tmp_path, all_bytes=1 << 20) == "E-ZIP-LARGE"
    assert opened(path, tmp_path / "fine").entries  # far below what is free of the rule


def test_one_file_that_is_too_large_is_left_out(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.png": bytes(100), "b.png": b"y", "b.txt": bytes(100)})
    found = opened(path, tmp_path / "out", one_bytes=50, caption_bytes=60)
    assert [e.parts for e in found.entries] == [("b.png",)] and found.left_out == {
        "large": ("a.png", "b.txt")
    }


def test_a_file_that_holds_more_than_it_says_is_left_out(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.png": bytes(5000), "b.png": b"y"}, zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 5000), struct.pack("<L", 10)))
    found = opened(path, tmp_path / "out")
    assert [e.parts for e in found.entries] == [("b.png",)] and found.left_out == {"damaged": ("a.png",)}
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["2.png"]


def test_damaged_bytes_are_left_out(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.png": b"secret bytes", "b.png": b"y"})
    path.write_bytes(path.read_bytes().replace(b"secret", b"SECRET", 1))
    assert opened(path, tmp_path / "out").left_out == {"damaged": ("a.png",)}


def test_a_locked_file_is_left_out(tmp_path):
    path = zipped(tmp_path / "b.zip", {"a.png": b"x"})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert opened(path, tmp_path / "out").left_out == {"password": ("a.png",)}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_all_at_once_is_left_out(tmp_path, method):
    path = zipped(tmp_path / "a.zip", {"a.png": b"x"}, method)
    assert opened(path, tmp_path / "out").left_out == {"method": ("a.png",)}


def test_a_bomb_that_says_to_be_small_is_unpacked_no_further_than_it_says(tmp_path):
    size = 64 << 20
    path = zipped(tmp_path / "a.zip", {"a.png": bytes(size)}, zipfile.ZIP_DEFLATED)
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", size), struct.pack("<L", 10)))
    tracemalloc.start()
    try:
        assert opened(path, tmp_path / "out").left_out == {"damaged": ("a.png",)}
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_files_that_share_the_same_bytes_count_each_in_full(tmp_path):
    """42 kB that would be 10 GB: 250 entries of the list name one packed file of 40 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(40 << 20)) + packer.flush()
    local = (
        struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, 0, len(packed), 40 << 20, 5, 0) + b"a.png"
    )
    entries = b"".join(listed(b"%03d.png" % n, 0, len(packed), 40 << 20, 8) for n in range(250))
    at = len(local) + len(packed)
    (tmp_path / "a.zip").write_bytes(local + packed + entries + end_record(250, len(entries), at))
    assert (tmp_path / "a.zip").stat().st_size < 60_000
    assert refused(tmp_path / "a.zip", tmp_path) == "E-ZIP-LARGE"
    assert refused(tmp_path / "a.zip", tmp_path, all_bytes=1 << 40) == "E-ZIP-BOMB"


def test_files_of_one_name_are_all_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for data in (b"one", b"two"):
            archive.writestr("a.png", data)
    found = opened(tmp_path / "a.zip", tmp_path / "out")
    assert [entry.path.read_bytes() for entry in found.entries] == [b"one", b"two"]


def test_a_hostile_archive_changes_nothing_outside_its_folder(tmp_path):
    canary = tmp_path / "home"
    (canary / "deep").mkdir(parents=True)
    (canary / "a.png").write_bytes(b"mine")
    names = ["../a.png", "../../home/a.png", str(canary / "a.png"), "..\\a.png", "deep/../../a.png", "ok.png"]
    path = zipped(tmp_path / "a.zip", dict.fromkeys(names, b"theirs"))
    entry(path, "link.png", stat.S_IFLNK | 0o777, str(canary / "a.png").encode())
    found = opened(path, canary / "deep" / "out")
    assert [e.parts for e in found.entries] == [("ok.png",)]
    files = sorted(p.relative_to(canary).as_posix() for p in canary.rglob("*") if p.is_file())
    assert files == ["a.png", "deep/out/1.png"]
    assert (canary / "a.png").read_bytes() == b"mine"


def test_an_archive_of_a_later_version_is_refused_in_a_sentence(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.png": b"x"})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 6] = 99
    path.write_bytes(data)
    assert refused(path, tmp_path) == "E-ZIP-BAD"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files there")
def test_a_pipe_named_like_an_archive_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "a.zip")
    assert refused(tmp_path / "a.zip", tmp_path) == "E-ZIP-BAD"


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "E-ZIP-SPACE"), (errno.EIO, "E-ZIP-WRITE")])
def test_a_disk_that_fails_while_unpacking_is_no_damage_of_the_archive(tmp_path, monkeypatch, number, code):
    path = zipped(tmp_path / "a.zip", {"a.png": b"x"})

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("core.data.intake.zip_file._write", fail)
    assert refused(path, tmp_path) == code


def test_a_folder_that_is_there_already_is_never_emptied(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.png").write_bytes(b"x")
    path = zipped(tmp_path / "a.zip", {"a.png": b"x"})
    with pytest.raises(UserError):
        opened(path, tmp_path / "out")
    assert (tmp_path / "out" / "mine.png").exists()


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x05\x06", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_is_refused_in_one_sentence(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    assert refused(tmp_path / "a.zip", tmp_path) == "E-ZIP-BAD"


def test_a_cut_off_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.png": bytes(1000)})
    path.write_bytes(path.read_bytes()[:-30])
    assert refused(path, tmp_path) == "E-ZIP-BAD"


def test_stopping_leaves_nothing_behind(tmp_path):
    control = RunControl()
    control.stop(save=False)
    with pytest.raises(StopRun):
        unpack(
            zipped(tmp_path / "a.zip", {"a.png": b"x"}), tmp_path / "out", ".txt", lambda *_: None, control
        )
    assert not (tmp_path / "out").exists()


def test_large_archives_with_the_longer_end_record_are_read(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.png", b"x")
    data = stream.getvalue()
    end = data.rindex(b"PK\x05\x06")
    at, size = struct.unpack_from("<L", data, end + 16)[0], end - struct.unpack_from("<L", data, end + 16)[0]
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, at)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    short = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (tmp_path / "a.zip").write_bytes(data[:end] + end64 + locator + short)
    assert len(opened(tmp_path / "a.zip", tmp_path / "out").entries) == 1
