"""One look at each file before a run: what is wrong is named, what is fine is measured."""

import os
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from core import files
from core.data.images import decode
from core.data.images.verify import verify
from tests.data.images import codes, draw


def noise(path, size=(96, 64), **save):
    """An image that does not compress to nothing, so that cutting its file cuts pixels."""
    values = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path, **save)
    return path


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth=8, extra=b"", pixels=b""):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + extra + body


def only(path):
    """The one problem of a file that can't be trained, with its path in both sentences."""
    found = verify(path)
    (problem,) = found.problems
    assert found.size is None and problem.path == str(path)
    assert str(path) in problem.en and str(path) in problem.ja
    return problem


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "bmp", "gif", "tif", "avif"])
def test_a_whole_image_is_measured_and_hashed(tmp_path, kind):
    found = verify(noise(tmp_path / f"a.{kind}"))
    assert (found.size, found.problems, len(found.content)) == ((96, 64), (), 40)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
@pytest.mark.parametrize("save", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_a_cut_jpeg_ends_early(tmp_path, share, save):
    assert only(cut(noise(tmp_path / "a.jpg", **save), share)).code == "E-IMG-TRUNC"


@pytest.mark.parametrize("kind", ["png", "webp", "bmp", "gif", "tif", "avif"])
def test_a_cut_image_of_another_kind_is_damaged_or_cut_short(tmp_path, kind):
    assert only(cut(noise(tmp_path / f"a.{kind}"), 0.5)).code == "E-IMG-CORRUPT"


def test_a_png_with_a_flipped_byte_is_damaged(tmp_path):
    path = noise(tmp_path / "a.png")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 8
    path.write_bytes(data)
    assert only(path).code == "E-IMG-CORRUPT"


def test_a_text_chunk_that_unpacks_to_20_mb_is_damage(tmp_path):
    bomb = chunk(b"zTXt", b"x\0\0" + zlib.compress(b"a" * 20_000_000, 1))
    (tmp_path / "a.png").write_bytes(png(8, 8, extra=bomb, pixels=b"\0" * 72))
    assert only(tmp_path / "a.png").code == "E-IMG-CORRUPT"


def test_a_broken_chunk_is_damage(tmp_path):
    (tmp_path / "a.png").write_bytes(png(8, 8, extra=b"\0\0\0\x05abcd"))
    assert only(tmp_path / "a.png").code == "E-IMG-CORRUPT"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "0 bytes"),
        (b"\0" * 100, "zeros"),
        (b"\n <!DOCTYPE html><p>", "HTML"),
        (b"<svg xmlns=''/>", "SVG"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"nonsense", "begins with"),
    ],
)
def test_what_is_no_image_is_said_to_be_what_it_looks_like(tmp_path, data, words):
    (tmp_path / "a.jpg").write_bytes(data)
    problem = only(tmp_path / "a.jpg")
    assert problem.code == "E-IMG-NOTIMAGE" and words in problem.facts["looks"].en


@pytest.mark.parametrize("side", [30_000, 2**31 - 1])
def test_a_bomb_is_refused_from_its_header_with_its_size(tmp_path, side):
    (tmp_path / "a.png").write_bytes(png(side, side, depth=1))
    problem = only(tmp_path / "a.png")
    assert problem.code == "E-IMG-HUGE" and problem.facts["size"] == (side, side)
    assert problem.facts["limit"] == decode.MAX_PIXELS // 1_000_000


@pytest.mark.skipif(sys.platform == "win32", reason="no getrusage there")
def test_a_bomb_takes_no_memory(tmp_path):
    Image.new("1", (30_000, 30_000)).save(tmp_path / "a.png")  # 900 megapixels in 110 kB
    (tmp_path / "b.png").write_bytes(png(2**31 - 1, 2**31 - 1, depth=1))
    draw(tmp_path / "small.png")
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from core.data.images.verify import verify\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "small, *bombs = map(Path, sys.argv[1:])\n"
        "verify(small)\n"
        "before = peak()\n"
        "print(*[verify(path).problems[0].code for path in bombs], peak() - before)\n"
    )
    paths = [str(tmp_path / name) for name in ("small.png", "a.png", "b.png")]
    done = subprocess.run([sys.executable, "-c", code, *paths], check=True, capture_output=True, text=True)
    *found, grown = done.stdout.split()
    kilobyte = 1 if sys.platform == "linux" else 1024  # macOS counts bytes
    assert found == ["E-IMG-HUGE"] * 2 and int(grown) / kilobyte < 50_000


def test_an_image_of_90_megapixels_is_taken_without_a_warning_of_pillow(tmp_path):
    Image.new("1", (10_000, 9_000)).save(tmp_path / "a.png")
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verify(tmp_path / "a.png").size == (10_000, 9_000)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_float_image_is_refused_with_the_mend(tmp_path):
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(tmp_path / "a.tif")
    problem = only(tmp_path / "a.tif")
    assert problem.code == "E-IMG-DEPTH"


def test_a_file_that_can_not_be_read_is_named(tmp_path):
    (tmp_path / "a.png").mkdir()
    assert only(tmp_path / "a.png").code == "E-IMG-READ"


def test_a_png_named_jpg_is_taken_with_a_notice(tmp_path):
    found = verify(draw(tmp_path / "a.jpg", format="PNG"))
    assert found.size == (64, 64) and codes(found.problems) == ["I-IMG-EXT"]


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_an_animation_is_taken_with_a_warning(tmp_path, kind):
    more = [Image.new("RGB", (64, 64), (0, 0, 255))]
    found = verify(draw(tmp_path / f"a.{kind}", save_all=True, append_images=more))
    assert found.size == (64, 64) and codes(found.problems) == ["W-IMG-ANIM"]


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_image_upright(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    size = verify(draw(tmp_path / f"a.{kind}", (96, 64), exif=exif)).size
    assert size == ((64, 96) if orientation >= 5 else (96, 64))


@pytest.mark.parametrize(("orientation", "expected"), [(99, ["I-IMG-EXIF"]), (0, [])])
def test_an_orientation_that_does_not_exist_is_ignored(tmp_path, orientation, expected):
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = verify(draw(tmp_path / "a.jpg", (96, 64), exif=exif))
    assert found.size == (96, 64) and codes(found.problems) == expected


def test_broken_exif_does_no_harm(tmp_path):
    assert verify(draw(tmp_path / "a.jpg", exif=b"Exif\0\0garbagegarbage")).problems == ()


def test_a_file_of_four_gigabytes_is_refused_by_its_size_without_being_read(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(4 << 30)  # sparse: no bytes on the disk
    monkeypatch.setattr(files, "_whole", None)
    (problem,) = verify(path).problems
    assert problem.code == "E-IMG-HUGE" and "4.0 GiB" in problem.en and "4.0 GiB" in problem.ja
    assert str(path) in problem.en


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files there")
def test_a_pipe_named_like_an_image_is_refused_without_being_opened(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    (problem,) = verify(tmp_path / "a.png").problems
    assert problem.code == "E-IMG-READ"
    assert "it is a pipe, not a file. Remove it from the folder." in problem.en
