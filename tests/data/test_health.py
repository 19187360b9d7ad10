"""Traits of images: sharp or blurred, like another one, grey, transparent, turned; the cache of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.data.health import cache
from core.data.health.cache import FactsCache
from core.data.health.duplicates import groups, near_pairs
from core.data.health.findings import LEAST_SHARP, find
from core.data.health.measure import Traits, measure, sharpness
from core.data.images.load import content_hash
from tests.data.images import draw, plan

DEMO = sorted((Path(__file__).parents[2] / "demo").glob("*/*/*.png"))


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def lively(seed: int = 0, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """Hard-edged blocks of random colours."""
    colours = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(colours).resize(size, Image.Resampling.NEAREST)


def save(image: Image.Image, path: Path, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def kinds(made, limit: int = 75, known: FactsCache | None = None) -> dict[str, tuple[tuple[int, ...], ...]]:
    files = {image.content: image.path for image in made.images}
    traits = (known or FactsCache(None)).traits(files)
    return {one.kind: one.groups for one in find(made, traits, lambda text: len(text.split()), limit)}


def test_an_edge_blurred_by_a_gaussian_of_s_pixels_has_sharpness_1_over_2_s_squared():
    # E[g'^2] / E[g^2] of a Gaussian g of width s = 6 around x = 220, in the middle of a tile.
    row = np.cumsum(np.exp(-0.5 * ((np.arange(400) - 220) / 6) ** 2))
    grey = np.tile(200 * row / row[-1], (400, 1)).astype(np.float32)
    found, is_flat = sharpness(grey)
    assert found == pytest.approx(1 / 72, rel=0.05) and not is_flat


def test_the_demos_images_are_sharp_and_blurred_copies_are_not():
    for path in DEMO[::6]:
        image = Image.open(path).convert("RGB")
        blurred = image.filter(ImageFilter.GaussianBlur(2))
        assert measure(encoded(image)).sharpness > 5 * LEAST_SHARP
        assert measure(encoded(blurred)).sharpness < LEAST_SHARP


def test_a_sharp_subject_before_a_blurred_background_is_sharp():
    whole = lively(size=(512, 512)).filter(ImageFilter.GaussianBlur(8))
    whole.paste(lively(1, (160, 160)), (180, 180))
    assert measure(encoded(whole)).sharpness > LEAST_SHARP


def test_an_image_of_one_colour_is_neither_sharp_nor_blurred():
    found = measure(encoded(Image.new("RGB", (100, 100), (9, 99, 200))))
    assert (found.sharpness, found.is_flat) == (None, True)


def test_copies_of_an_image_are_near_it_and_others_are_not():
    image = lively()
    brighter = image.point(lambda value: int(value * 1.04))
    copies = [encoded(image.resize((80, 60))), encoded(image, "JPEG", quality=40), encoded(brighter)]
    for other in copies:
        assert near_pairs([measure(encoded(image)), measure(other)]) == [(0, 1)]
    assert near_pairs([measure(encoded(lively(seed))) for seed in range(5)]) == []


def test_images_of_one_shape_and_other_colours_are_no_copies():
    image = lively()
    other = Image.merge("RGB", image.split()[::-1])
    grey = image.convert("L").convert("RGB")
    assert near_pairs([measure(encoded(one)) for one in (image, other, grey)]) == []


def test_none_of_the_demos_images_is_taken_for_another():
    assert near_pairs([measure(path.read_bytes()) for path in DEMO]) == []


def trait(hash_: int, grid: int = 0) -> Traits:
    return Traits(1.0, False, hash_, bytes([grid]) * 192, False, 0.0, 1, "RGB")


def test_pairs_are_found_among_two_thousand():
    draws = np.random.default_rng(0)
    many = [trait(int(n)) for n in draws.integers(0, 2**63, 2000)]
    many[700], many[1900] = trait(0b1111), trait(0)
    many[1500] = trait(0b11111, grid=100)
    assert near_pairs(many) == [(700, 1900)]


def test_what_hangs_together_is_one_group():
    assert groups([(3, 5), (0, 1), (5, 9)]) == [(0, 1), (3, 5, 9)]


def test_grey_transparent_and_turned_images_are_known():
    grey = measure(encoded(lively().convert("L")))
    half = lively().convert("RGBA")
    half.paste((0, 0, 0, 0), (0, 0, 80, 120))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = measure(encoded(lively(), "JPEG", exif=exif))
    assert (grey.is_grey, measure(encoded(lively())).is_grey) == (True, False)
    assert measure(encoded(half)).clear == 0.5
    assert (turned.turned, turned.mode) == (6, "RGB")


def test_every_kind_of_trouble_names_its_images(tmp_path):
    # By name: a and b are the same file, c is a smaller JPEG of it, and so on; 64 pixels are trained.
    folder = tmp_path / "t" / "1_x"
    for name in "ab":
        save(lively(0, (64, 64)), folder / f"{name}.png")
    save(lively(0, (64, 64)), folder / "c.jpg", quality=80)
    save(lively(1, (40, 40)), folder / "d.png")
    save(lively(2, (64, 64)).filter(ImageFilter.GaussianBlur(3)), folder / "e.png")
    draw(folder / "f.png")
    clear = lively(3, (64, 64)).convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    save(clear, folder / "g.png")
    save(lively(4, (64, 64)).convert("L"), folder / "h.png")
    save(lively(5, (64, 64)).convert("CMYK"), folder / "i.jpg")
    save(lively(6, (64, 64)), folder / "j.png")
    save(lively(6, (64, 64)), tmp_path / "r" / "1_y" / "j.png", compress_level=1)
    for name in "abcdefgi":
        (folder / f"{name}.caption").write_text("x y")
    (folder / "j.caption").write_text("one two three four")
    made = plan(tmp_path / "t", tmp_path / "r", enable_bucket=True, resolution=(64, 64))
    assert kinds(made, limit=3) == {
        "twins": ((0, 1, 2),),
        "reg_twins": ((9, 10),),
        "small": ((3,),),
        "blurred": ((4,),),
        "flat": ((5,),),
        "clear": ((6,),),
        "grey": ((7,),),
        "no_caption": ((7,),),
        "colours": ((8,),),
        "long_caption": ((9,),),
    }


def test_the_demo_is_healthy_but_for_captions_left_out_on_purpose():
    root = DEMO[0].parents[2]
    made = plan(root / "train", root / "reg", enable_bucket=True, resolution=(128, 128))
    assert kinds(made) == {"no_caption": ((0,), (3,), (6,))}


def test_transparency_that_is_a_mask_is_no_trouble(tmp_path):
    clear = lively(3, (64, 64)).convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    save(clear, tmp_path / "1_x" / "g.png")
    assert "clear" in kinds(plan(tmp_path))
    assert "clear" not in kinds(plan(tmp_path, alpha_mask=True))


def test_a_broken_file_is_named_with_its_reason(tmp_path):
    draw(tmp_path / "1_x" / "a.png")
    (tmp_path / "1_x" / "b.png").write_bytes(b"<html>")
    (one, *_) = find(plan(tmp_path, skip_bad_images=True), {}, len, 75)
    assert (one.kind, one.tone, one.files[0][0].name) == ("broken", "bad", "b.png")
    assert "web page" in one.files[0][1].en


def test_a_second_look_decodes_nothing_even_after_a_restart(tmp_path, monkeypatch):
    path = save(lively(), tmp_path / "1_x" / "a.png")
    known = FactsCache(tmp_path / "cache" / "pictures.jsonl")
    content = content_hash(path.read_bytes())
    before = known.verify(path), known.traits({content: path})
    monkeypatch.setattr(cache, "verify", lambda path: pytest.fail("decoded"))
    monkeypatch.setattr(cache, "measure", lambda data: pytest.fail("measured"))
    again = FactsCache(tmp_path / "cache" / "pictures.jsonl")
    assert (again.verify(path), again.traits({content: path})) == before


def test_a_changed_file_is_looked_at_anew(tmp_path):
    known = FactsCache(None)
    path = save(lively(), tmp_path / "a.png")
    assert known.verify(path).size == (160, 120)
    path.write_bytes(encoded(lively(size=(80, 60))))
    assert known.verify(path).size == (80, 60)


def test_what_is_wrong_with_a_file_is_told_at_every_look(tmp_path):
    known = FactsCache(None)
    (tmp_path / "a.png").write_bytes(b"no")
    assert [len(known.verify(tmp_path / "a.png").problems) for _ in range(2)] == [1, 1]


def test_a_damaged_cache_costs_time_only(tmp_path):
    file = tmp_path / "pictures.jsonl"
    file.write_bytes(b'{"v":1,"content":"x","traits":{}}\n\xff{\n[]\n')
    path = save(lively(), tmp_path / "a.png")
    assert FactsCache(file).verify(path).size == (160, 120)
