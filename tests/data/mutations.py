"""Images and archives broken at random, the same for the same seed, and what becomes of them.

As a program: `python -m tests.data.mutations images|archives COUNT SEED FOLDER` looks at each of them in
every way there is, and prints what it found as JSON.
"""

from __future__ import annotations

import io
import json
import random
import resource
import struct
import sys
import time
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from core.catalog import Size
from core.control import RunControl
from core.data.buckets import cover
from core.data.health import measure
from core.data.images import load
from core.data.images.verify import verify
from core.data.intake import gather, zip_file
from core.data.plan import thumbnails
from core.data.records import PlannedImage
from core.errors import UserError
from ui.parts import thumbs

SIDE = 72


def images(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Ending and bytes of so many broken images."""
    rng = random.Random(seed)
    whole = _whole()
    for _ in range(count):
        ending, data = rng.choice(whole)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            data = rng.choice((_cut, _flip, _flip, _lie, _zero, _repeat, _grow, _number, _chunk))(rng, data)
        yield ending, data


def archives(seed: int, count: int) -> Iterator[bytes]:
    """The bytes of so many broken ZIPs."""
    rng = random.Random(seed)
    whole = _zips()
    for _ in range(count):
        data = rng.choice(whole)
        for _ in range(rng.choice((1, 1, 2, 4))):
            data = rng.choice((_cut, _flip, _listed, _listed, _listed, _zero, _repeat, _grow, _number))(
                rng, data
            )
        yield data


def _whole() -> list[tuple[str, bytes]]:
    """A sound image of each kind."""
    drawn = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 4), np.uint8)
    drawn[: SIDE // 2] = 90
    rgba = Image.fromarray(drawn)
    rgb, grey = rgba.convert("RGB"), rgba.convert("L")
    palette = rgb.convert("P", palette=Image.Palette.ADAPTIVE)
    deep = Image.fromarray(drawn[..., 0].astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frames = {"save_all": True, "append_images": [rgb.rotate(90)]}
    made = [
        ("png", rgb, {}), ("png", rgba, {}), ("png", deep, {}), ("png", rgb.convert("1"), {}),
        ("png", palette, {"transparency": 3}), ("png", rgb, {"exif": exif, "icc_profile": icc}),
        ("png", rgb, frames), ("jpg", rgb, {}), ("jpg", rgb, {"exif": exif, "icc_profile": icc}),
        ("jpg", grey, {"progressive": True}), ("jpg", rgb.convert("CMYK"), {}), ("webp", rgb, {}),
        ("webp", rgba, {"lossless": True, "exif": exif}), ("webp", rgb, frames), ("gif", palette, {}),
        ("gif", rgb, frames), ("bmp", rgb, {}), ("bmp", palette, {}), ("tif", rgb, {}),
        ("tif", rgb, {"compression": "tiff_lzw"}), ("tif", deep, {"compression": "tiff_deflate"}),
        ("tif", rgb, {"compression": "jpeg"}), ("avif", rgb, {}),
    ]  # fmt: skip
    found = []
    for ending, image, options in made:
        stream = io.BytesIO()
        kind = {"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending.upper())
        if kind in Image.SAVE or kind in Image.registered_extensions().values():
            image.save(stream, kind, **options)
            found.append((ending, stream.getvalue()))
    return found


def _zips() -> list[bytes]:
    """Sound archives: stored and packed, with folders, captions and Japanese names, of the longer kind."""
    stream = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), (9, 99, 199)).save(stream, "PNG")
    files = {
        "20_sls frog/a.png": stream.getvalue(),
        "20_sls frog/a.txt": b"sls frog",
        "緑/蛙.png": stream.getvalue(),
        "x/": b"",
    }
    files |= {f"{n}.png": bytes(n * 100) for n in range(20)}
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as packed:
            packed.comment = b"a comment"
            for name, data in files.items():
                with packed.open(zipfile.ZipInfo(name), "w", force_zip64=len(name) < 6) as member:
                    member.write(data)
        found.append(stream.getvalue())
    return found


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flip(rng: random.Random, data: bytes) -> bytes:
    found = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 2, 8, 64))):
        found[rng.randrange(min(len(found), rng.choice((40, 400, len(found)))))] = rng.randrange(256)
    return bytes(found)


def _lie(rng: random.Random, data: bytes) -> bytes:
    """Other sizes where the header has them, in every order of bytes; a PNG's checksum is mended."""
    size = rng.choice((0, 1, 15_000, 65_535, 2**31 - 1, 2**32 - 1))
    found = data
    for pack in (">H", "<H", ">I", "<I"):
        limit = 2 ** (8 * struct.calcsize(pack)) - 1
        found = found.replace(
            struct.pack(pack, SIDE), struct.pack(pack, min(size, limit)), rng.choice((1, 2))
        )
    return _mended(found)


def _mended(data: bytes) -> bytes:
    if not data.startswith(b"\x89PNG") or len(data) < 33:
        return data
    return data[:29] + struct.pack(">I", zlib.crc32(data[12:29])) + data[33:]


def _chunk(rng: random.Random, data: bytes) -> bytes:
    """Another chunk in a PNG: text or a profile that unpacks to megabytes, or nonsense."""
    if not data.startswith(b"\x89PNG"):
        return _grow(rng, data)
    name = rng.choice(
        (b"zTXt", b"iCCP", b"iTXt", b"eXIf", b"tRNS", b"PLTE", b"acTL", b"fcTL", b"IHDR", b"gAMA")
    )
    content = rng.choice(
        (b"k\0\0" + zlib.compress(bytes(rng.choice((10, 30_000_000)))), rng.randbytes(30), b"")
    )
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return data[:33] + chunk + data[33:]


def _zero(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    end = min(len(data), start + rng.choice((4, 100, 5000)))
    return data[:start] + bytes(end - start) + data[end:]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start : start + rng.choice((1, 30, 3000))] * rng.choice((2, 50)) + data[start:]


def _grow(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 16, 1000))) + data[at:]


def _number(rng: random.Random, data: bytes) -> bytes:
    """Four bytes become a number at the edge of what there is."""
    at = rng.randrange(max(1, len(data) - 4))
    number = rng.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000))
    return data[:at] + struct.pack(rng.choice(("<I", ">I")), number) + data[at + 4 :]


def _listed(rng: random.Random, data: bytes) -> bytes:
    """A lie in an entry of the list at the end, or in the record behind it."""
    signs = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x03\x04")
    places = [at for sign in signs for at in _places(data, sign)]
    if not places:
        return data
    at = rng.choice(places) + rng.randrange(4, 46)
    return (
        data[:at]
        + rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"../x", rng.randbytes(4)))
        + data[at + 4 :]
    )


def _places(data: bytes, sign: bytes) -> list[int]:
    found, at = [], data.find(sign)
    while at >= 0 and len(found) < 100:
        found.append(at)
        at = data.find(sign, at + 1)
    return found


def see_image(path: Path) -> str:
    """Look at a file in every way; the code of its refusal, or "" for what can be trained."""
    found = verify(path)
    for problem in found.problems:
        problem.en.encode("utf-8"), problem.ja.encode("utf-8")
    try:
        thumbs.upright(path)
    except OSError:
        assert found.size is None
    if found.size is None:
        return found.problems[0].code
    fit = cover(found.size, Size(64, 64))
    image = PlannedImage(path, 0, False, 1, found.size, fit, "", None, found.content)
    assert load.load(image).shape == (64, 64, 3)
    thumbnails.thumbnail(image, 64)
    measure.measure(path.read_bytes())
    return ""


def see_archive(path: Path) -> str:
    """Unpack it; the code of its refusal, or ""."""
    to = path.with_name("deep") / "out"
    try:
        found = zip_file.unpack(path, to, ".caption", lambda *_: None, RunControl())
    except UserError as error:
        assert not to.exists()
        return error.problems[0].code
    gather.paired(found.entries)
    for file in to.iterdir():
        file.unlink()
    to.rmdir()
    to.parent.rmdir()
    return ""


def run(kind: str, count: int, seed: int, folder: Path) -> dict[str, object]:
    """What became of them all.

    slowest: seconds of the slowest refusal, and of the slowest file that was taken, which was worked on in
    every way. peak: megabytes of memory beyond what the program itself takes.
    """
    codes, faults = Counter[str](), list[str]()
    slowest, see = {"refused": 0.0, "taken": 0.0}, see_image if kind == "images" else see_archive
    before = _peak()
    made = images(seed, count) if kind == "images" else (("zip", data) for data in archives(seed, count))
    for number, (ending, data) in enumerate(made):
        path = folder / f"x.{ending}"
        path.write_bytes(data)
        began = time.perf_counter()
        try:
            code = see(path)
        except Exception:
            faults.append(f"{number} {ending}: {traceback.format_exc(limit=-3)}")
            continue
        finally:
            path.unlink()
        codes[code] += 1
        which = "refused" if code else "taken"
        slowest[which] = max(slowest[which], time.perf_counter() - began)
    left = sorted(path.name for path in folder.iterdir())
    return {"codes": codes, "faults": faults, "slowest": slowest, "peak": _peak() - before, "left": left}


def _peak() -> float:
    unit = 1024 if sys.platform == "linux" else 1024**2
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(words: list[str]) -> None:
    kind, count, seed, folder = words
    print(json.dumps(run(kind, int(count), int(seed), Path(folder))))


if __name__ == "__main__":
    main(sys.argv[1:])
