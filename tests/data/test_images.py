"""From a file to the pixels that are trained."""

import colorsys
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig
from core.data.buckets import Fit, cover
from core.data.images import decode
from core.data.images import load as images
from core.data.images.load import gamma, load, recolour, resize, turn_hue
from core.data.images.verify import verify
from core.data.keyed_random import rng
from core.data.records import PlannedImage, Sample
from core.errors import ResourceFault
from tests.data.images import draw


def upright(path):
    return np.asarray(decode.upright_rgb(decode.open_image(path.read_bytes())))


def planned(path, fit):
    found = verify(path)
    return PlannedImage(path, 0, False, 1, found.size, fit, "", None, found.content)


def exactly(size):
    return Fit(Size(*size), Size(*size), 0, 0)


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(tmp_path, kind, orientation):
    truth = np.zeros((48, 64, 3), np.uint8)
    truth[:24, :32], truth[:24, 32:], truth[24:, :32] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    # How the sensor saw it: the inverse of what a viewer does for that orientation.
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation](truth)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exact = (
        {"lossless": True} if kind == "webp" else {"quality": 100, "subsampling": 0} if kind == "jpg" else {}
    )
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / f"a.{kind}", exif=exif, **exact)
    assert np.abs(upright(tmp_path / f"a.{kind}").astype(int) - truth).max() <= 3


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path, kind):
    Image.fromarray(np.full((8, 8), 32_768, np.uint16)).save(tmp_path / f"a.{kind}")
    assert (upright(tmp_path / f"a.{kind}") == 128).all()  # 32768 / 257 = 127.5


def deep_png(kind, values):
    """A PNG of 16 bits a channel and one row (PNG specification, 11.2)."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    channels = {2: 3, 4: 2, 6: 4}[kind]
    head = struct.pack(">IIBBBBB", len(values) // channels, 1, 16, kind, 0, 0, 0)
    row = zlib.compress(b"\0" + struct.pack(f">{len(values)}H", *values))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "values", "seen"),
    [
        (2, (65_535, 32_896, 1_799), (255, 128, 7)),  # each a multiple of 257
        (6, (65_535, 32_896, 1_799, 65_535), (255, 128, 7)),
        (6, (65_535, 32_896, 1_799, 0), (255, 255, 255)),
        (4, (32_896, 65_535), (128, 128, 128)),
    ],
)
def test_16_bit_colour_and_transparency_are_scaled(tmp_path, kind, values, seen):
    (tmp_path / "a.png").write_bytes(deep_png(kind, values))
    assert upright(tmp_path / "a.png").tolist() == [[list(seen)]]


def test_hidden_colour_under_transparency_becomes_white(tmp_path):
    Image.new("RGBA", (8, 8), (255, 0, 255, 0)).save(tmp_path / "a.png")
    assert (upright(tmp_path / "a.png") == 255).all()


def test_hidden_colour_does_not_bleed_into_the_edges_of_what_is_seen(tmp_path):
    """A green disc with a soft edge; everywhere below full transparency the file holds magenta."""
    rows, columns = np.mgrid[:96, :96] - 47.5
    far = np.hypot(rows, columns)
    alpha = np.clip((40 - far) * 32, 0, 255)
    seen = np.where((alpha > 0)[..., None], (0, 200, 0), (255, 0, 255))
    Image.fromarray(np.dstack([seen, alpha]).astype(np.uint8)).save(tmp_path / "a.png")
    pixels = load(planned(tmp_path / "a.png", cover(Size(96, 96), Size(64, 64)))).astype(int)
    # Between white and green red equals blue, and green is never the smallest.
    assert np.abs(pixels[..., 0] - pixels[..., 2]).max() <= 1
    assert (pixels[..., 1] >= pixels[..., 0] - 1).all()
    assert (pixels[0, 0] == 255).all() and (pixels[32, 32] == (0, 200, 0)).all()


def test_half_transparent_grey_mixes_with_white(tmp_path):
    Image.new("LA", (8, 8), (0, 128)).save(tmp_path / "a.png")
    assert (upright(tmp_path / "a.png") == 127).all()  # 0 x 128/255 + 255 x 127/255


def test_a_transparent_palette_colour_becomes_white(tmp_path):
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 255, 0, 255])
    image.save(tmp_path / "a.png", transparency=1)
    assert (upright(tmp_path / "a.png") == 255).all()


def test_a_colour_marked_transparent_in_rgb_becomes_white(tmp_path):
    Image.new("RGB", (8, 8), (255, 0, 255)).save(tmp_path / "a.png", transparency=(255, 0, 255))
    assert (upright(tmp_path / "a.png") == 255).all()


def test_black_and_white_is_black_and_white(tmp_path):
    Image.new("1", (8, 8), 1).save(tmp_path / "a.png")
    assert (upright(tmp_path / "a.png") == 255).all()


def test_cmyk_is_not_inverted(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=100)
    assert np.abs(upright(tmp_path / "a.jpg").astype(int) - (255, 0, 0)).max() <= 6


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_an_animation_gives_its_first_frame(tmp_path, kind):
    blue = Image.new("RGB", (8, 8), (0, 0, 255))
    path = tmp_path / f"a.{kind}"
    draw(path, (8, 8), (255, 0, 0), save_all=True, append_images=[blue], lossless=True)
    assert (upright(path) == (255, 0, 0)).all()


def linear_profile():
    """An ICC 2 profile with sRGB's primaries (adapted to D50) and a gamma of 1 (ICC.1:2001)."""

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    white = (0.9642, 1.0, 0.8249)
    name = b"linear light\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(79),
        b"wtpt": xyz(*white),
        b"rXYZ": xyz(0.43607, 0.22249, 0.01392),
        b"gXYZ": xyz(0.38515, 0.71687, 0.09708),
        b"bXYZ": xyz(0.14307, 0.06061, 0.71410),
        **{tag: b"curv" + bytes(8) for tag in (b"rTRC", b"gTRC", b"bTRC")},
        b"cprt": b"text\0\0\0\0none\0",
    }
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    head = (
        struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    )
    head = head.ljust(68, b"\0") + xyz(*white)[8:]
    return head.ljust(128, b"\0") + table + body


def test_a_colour_profile_is_turned_into_srgb(tmp_path):
    draw(tmp_path / "a.png", (8, 8), (100, 100, 100), icc_profile=linear_profile())
    # 255 x (1.055 x (100/255)^(1/2.4) - 0.055) = 168.1
    assert np.abs(upright(tmp_path / "a.png").astype(int) - 168).max() <= 1


def test_a_profile_that_is_srgb_already_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    draw(tmp_path / "a.png", (8, 8), (100, 150, 200), icc_profile=profile)
    assert (upright(tmp_path / "a.png") == (100, 150, 200)).all()


def test_a_broken_colour_profile_is_ignored(tmp_path):
    draw(tmp_path / "a.png", (8, 8), (100, 150, 200), icc_profile=b"garbage")
    assert (upright(tmp_path / "a.png") == (100, 150, 200)).all()


def test_shrinking_takes_the_mean_over_each_area():
    full = np.arange(16, dtype=np.uint8).reshape(4, 4, 1).repeat(3, 2)
    # The quarters' means: (0+1+4+5)/4 = 2.5, 4.5, 10.5, 12.5; halves go to the even neighbour.
    assert resize(full, Size(2, 2))[..., 0].tolist() == [[2, 4], [10, 12]]


def test_shrinking_by_a_fraction_counts_shared_pixels_by_their_part():
    full = np.array([[0, 90, 30]], np.uint8)[..., None].repeat(3, 2)
    # 3 columns to 2: (0 + 90/2) / 1.5 = 30 and (90/2 + 30) / 1.5 = 50
    assert resize(full, Size(2, 1))[..., 0].tolist() == [[30, 50]]


def test_shrinking_one_side_only_leaves_the_other_alone():
    full = np.array([[10, 30], [50, 70]], np.uint8)[..., None].repeat(3, 2)
    assert resize(full, Size(2, 1))[..., 0].tolist() == [[30, 50]]


def test_enlarging_is_lanczos():
    full = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(full).resize((16, 16), Image.Resampling.LANCZOS))
    assert (resize(full, Size(16, 16)) == expected).all()


@pytest.mark.parametrize(
    ("name", "pillow"),
    [
        ("lanczos", Image.Resampling.LANCZOS),
        ("bicubic", Image.Resampling.BICUBIC),
        ("bilinear", Image.Resampling.BILINEAR),
        ("box", Image.Resampling.BOX),
        ("nearest", Image.Resampling.NEAREST),
    ],
)
@pytest.mark.parametrize("size", [(5, 5), (16, 16), (5, 16)])
def test_each_chosen_way_of_resizing_is_pillow_s(name, pillow, size):
    full = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(full).resize(size, pillow))
    assert (resize(full, Size(*size), name) == expected).all()


def test_area_shrinks_by_the_mean_and_enlarges_bilinearly():
    full = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    assert (resize(full, Size(4, 4), "area") == resize(full, Size(4, 4), "auto")).all()
    expected = np.asarray(Image.fromarray(full).resize((16, 16), Image.Resampling.BILINEAR))
    assert (resize(full, Size(16, 16), "area") == expected).all()


def test_the_way_of_resizing_of_the_run_is_used(tmp_path):
    values = np.zeros((8, 8), np.uint8)
    values[:, ::2] = 200  # every second column: the mean is 100, the nearest pixel 0 or 200
    Image.fromarray(values).save(tmp_path / "a.png")
    found = {
        name: set(load(planned(tmp_path / "a.png", Fit(Size(4, 4), Size(4, 4), 0, 0, name))).ravel().tolist())
        for name in ("auto", "nearest")
    }
    assert found["auto"] == {100} and found["nearest"] <= {0, 200}


@pytest.mark.parametrize(("given", "taken"), [("linear", "bilinear"), ("cubic", "bicubic"), ("", "auto")])
def test_second_names_of_interpolations_are_understood(given, taken):
    assert DatasetConfig(resize_interpolation=given).resize_interpolation == taken


def test_the_plan_s_cut_is_what_is_loaded(tmp_path):
    values = np.arange(12, dtype=np.uint8)[None, :, None].repeat(4, 0).repeat(3, 2)
    Image.fromarray(values).save(tmp_path / "a.png")
    image = planned(tmp_path / "a.png", Fit(Size(4, 4), Size(12, 4), 3, 0))
    assert load(image)[0, :, 0].tolist() == [3, 4, 5, 6]


def test_a_sample_has_its_own_cut_and_is_mirrored_after_it(tmp_path):
    values = np.arange(12, dtype=np.uint8)[None, :, None].repeat(4, 0).repeat(3, 2)
    Image.fromarray(values).save(tmp_path / "a.png")
    image = planned(tmp_path / "a.png", Fit(Size(4, 4), Size(12, 4), 3, 0))
    assert load(image, Sample(0, 0, True, "", (8, 0)))[0, :, 0].tolist() == [11, 10, 9, 8]


def test_color_aug_follows_its_generator(tmp_path):
    image = planned(draw(tmp_path / "a.png"), exactly((64, 64)))
    options, sample = DatasetConfig(color_aug=True), Sample(0, 0, False, "", (0, 0))
    results = [load(image, sample, options, rng(1, "color", 1, slot)).tobytes() for slot in range(12)]
    assert results == [load(image, sample, options, rng(1, "color", 1, slot)).tobytes() for slot in range(12)]
    assert len(set(results)) > 2
    assert load(image, sample, DatasetConfig(), None).tobytes() == load(image).tobytes()


def test_without_a_generator_colours_stay_as_for_what_is_held_out(tmp_path):
    image = planned(draw(tmp_path / "a.png"), exactly((64, 64)))
    options, sample = DatasetConfig(color_aug=True), Sample(0, 0, False, "", (0, 0))
    assert load(image, sample, options).tobytes() == load(image).tobytes()


def test_two_thirds_of_the_samples_keep_their_colours():
    full = np.full((4, 4, 3), (200, 90, 40), np.uint8)
    generator = random.Random(0)
    same = sum((recolour(full, generator) == full).all() for _ in range(2000))
    assert 1290 < same < 1420  # 1340 and a few that change by less than a level; standard deviation 21


def test_gamma_keeps_black_and_white():
    assert gamma(np.array([[[0, 255, 0]]], np.uint8), 0.95).tolist() == [[[0, 255, 0]]]


def test_gamma_moves_a_middle_value_by_a_few_levels():
    # 255 x (200/255)^1.05 = 197.6; sd-scripts' unscaled power gave 200^1.05 = 260
    assert gamma(np.full((1, 1, 3), 200, np.uint8), 1.05)[0, 0, 0] == 198


def test_hue_and_gamma_are_drawn_equally_often_within_their_limits(monkeypatch):
    turns, gammas = [], []
    monkeypatch.setattr(images, "turn_hue", lambda cut, turn: turns.append(turn) or cut)
    monkeypatch.setattr(images, "gamma", lambda cut, exponent: gammas.append(exponent) or cut)
    generator, full = random.Random(0), np.zeros((1, 1, 3), np.uint8)
    for _ in range(6000):
        recolour(full, generator)
    # 6000 x 0.33 / 2 = 990 of each, standard deviation 29
    assert 900 < len(turns) < 1080 and 900 < len(gammas) < 1080
    assert -16 <= 360 * min(turns) < -15.8 and 15.8 < 360 * max(turns) <= 16  # degrees: 8 / 180 of a turn
    assert 0.95 <= min(gammas) < 0.951 and 1.049 < max(gammas) <= 1.05


def test_a_third_of_the_colour_circle_turns_red_to_green_and_grey_stays():
    turned = turn_hue(np.array([[[255, 0, 0], [90, 90, 90]]], np.uint8), 1 / 3)
    assert turned.tolist() == [[[0, 255, 0], [90, 90, 90]]]


@pytest.mark.parametrize("turn", [0, 8 / 180, -8 / 180, 0.5])
def test_a_turned_hue_is_that_of_the_hsv_model(turn):
    full = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    for before, after in zip(full.reshape(-1, 3), turn_hue(full, turn).reshape(-1, 3), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*(before / 255))
        expected = 255 * np.array(colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value))
        assert np.abs(after - expected).max() <= 0.501


def test_an_image_that_vanished_after_the_plan_is_a_resource_fault_after_three_tries(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(images.time, "sleep", waits.append)
    image = planned(draw(tmp_path / "a.png"), exactly((64, 64)))
    image.path.unlink()
    with pytest.raises(ResourceFault) as caught:
        load(image)
    assert caught.value.problems[0].code == "E-IMG-GONE" and str(image.path) in caught.value.problems[0].en
    assert len(waits) == 2


def test_an_image_that_changed_after_the_plan_is_a_resource_fault(tmp_path):
    image = planned(draw(tmp_path / "a.png"), exactly((64, 64)))
    draw(tmp_path / "a.png", colour=(1, 2, 3))
    with pytest.raises(ResourceFault) as caught:
        load(image)
    assert caught.value.problems[0].code == "E-IMG-CHANGED"
