"""Bucket sizes, choice, resize and crop, against sd-scripts and by hand."""

import json
from pathlib import Path

import pytest

from core.catalog import Size
from core.config.schema.dataset import DatasetConfig
from core.data.buckets import Fit, candidates, choose, effective_range, fit, is_exact, shrink
from tests.data.images import draw, plan

REFERENCE = json.loads((Path(__file__).parent / "buckets_reference.json").read_text())["settings"]
each_setting = pytest.mark.parametrize("setting", REFERENCE, ids=lambda setting: setting["name"])


@pytest.mark.parametrize(
    "setting", [s for s in REFERENCE if s["candidates"]], ids=lambda setting: setting["name"]
)
def test_bucket_sizes_equal_sd_scripts(setting):
    sizes = candidates(Size(*setting["resolution"]), setting["min"], setting["max"], setting["steps"])
    assert sizes == [tuple(size) for size in setting["candidates"]]


@each_setting
def test_bucket_resize_and_crop_equal_sd_scripts_on_every_line(setting):
    resolution = Size(*setting["resolution"])
    sizes = candidates(resolution, setting["min"], setting["max"], setting["steps"])
    for row in setting["rows"]:
        size = Size(*row[:2])
        found = shrink(size, resolution, setting["steps"]) if setting["no_upscale"] else choose(size, sizes)
        assert found is not None
        rest = (found.trim.width - found.crop_left, found.trim.height - found.crop_top)
        assert [*found.bucket, *found.resized, found.crop_left, found.crop_top, *rest] == row[2:]


@each_setting
def test_the_range_of_sides_equals_sd_scripts(setting):
    assert [*effective_range(setting["min"], setting["max"], setting["steps"])] == setting["effective"]


def test_the_smallest_side_is_rounded_down_and_the_largest_up():
    assert effective_range(300, 1000, 64) == (256, 1024)


def test_every_bucket_has_its_transpose():
    sizes = candidates(Size(768, 512), 384, 1280, 64)
    assert all(Size(size.height, size.width) in sizes for size in sizes)


def test_no_bucket_has_a_larger_area_than_the_resolution():
    assert max(w * h for w, h in candidates(Size(768, 768), 256, 1280, 64)) <= 768 * 768


def test_the_square_is_there_even_below_the_smallest_side():
    assert candidates(Size(128, 128), 256, 1024, 64) == [Size(128, 128)]


def test_landscape_and_portrait_are_not_mirror_images():
    sizes = candidates(Size(512, 512), 256, 1024, 64)
    assert choose(Size(832, 1216), sizes).bucket == (384, 640)
    assert choose(Size(1216, 832), sizes).bucket == (576, 448)


def test_an_odd_pixel_is_cut_at_the_right():
    # 1023 x 1024 covers 512 x 512: 512/1023 * 1024 = 512.5, rounded to 513; one row too many, cut below.
    assert choose(Size(1023, 1024), [Size(512, 512)]) == Fit(Size(512, 512), Size(512, 513), 0, 0)


def test_kept_is_the_share_of_the_area_that_is_trained():
    # 1024 x 512 scaled to 512 high is itself; the square in its middle is half of it.
    found = choose(Size(1024, 512), [Size(512, 512)])
    assert (found.kept, found.crop_left, found.crop_top) == (0.5, 256, 0)


def test_an_image_of_64_pixels_is_enlarged_8_times():
    assert choose(Size(64, 64), [Size(512, 512)]).enlargement(Size(64, 64)) == 8


def test_an_image_of_one_pixel_divides_by_nothing():
    assert choose(Size(1, 1), candidates(Size(512, 512), 256, 1024, 64)).resized == (512, 512)


def test_without_enlarging_a_small_image_keeps_its_size_cut_to_the_step():
    assert shrink(Size(513, 511), Size(512, 512), 64) == Fit(Size(512, 448), Size(513, 511), 0, 31)
    assert shrink(Size(200, 200), Size(512, 512), 64) == Fit(Size(192, 192), Size(200, 200), 4, 4)


def test_without_enlarging_a_side_below_one_step_has_no_bucket():
    assert shrink(Size(63, 300), Size(512, 512), 64) is None
    assert shrink(Size(100_000, 100), Size(512, 512), 64) is None


def test_without_buckets_only_the_resolution_itself_fits():
    options = DatasetConfig(resolution=(448, 640))
    assert is_exact(Size(448, 640), options)
    assert not is_exact(Size(640, 448), options)


def test_without_buckets_random_crop_takes_larger_images_at_their_own_scale():
    options = DatasetConfig(resolution=(64, 64), random_crop=True)
    assert fit(Size(100, 80), options, []) == Fit(Size(64, 64), Size(100, 80), 18, 8)
    assert not is_exact(Size(100, 63), options)


def test_without_enlarging_a_strip_whose_height_alone_gives_no_width_keeps_the_other_way():
    # 512 x 512 pixels at 1000:63500 are 64.25 x 4080; 64 wide is 4064 high; 4032 high would be 63.5 wide,
    # which is below one step.
    found = shrink(Size(1000, 63_500), Size(512, 512), 64)
    assert found == Fit(Size(64, 4032), Size(64, 4064), 0, 16)


def test_a_smallest_side_below_one_step_divides_by_nothing():
    assert candidates(Size(256, 256), 100, 256, 128) == [Size(128, 256), Size(256, 128), Size(256, 256)]


def test_by_the_ratio_landscape_and_portrait_are_mirror_images():
    sizes = candidates(Size(512, 512), 256, 1024, 64)
    for width in range(200, 1000, 7):
        one, other = (choose(Size(*pair), sizes, "log") for pair in ((width, 700), (700, width)))
        assert one.bucket == (other.bucket.height, other.bucket.width)


def test_by_the_ratio_a_tall_image_may_get_another_bucket():
    # 832:1216 = 0.684. Differences: 448:576 = 0.778, 0.093 away; 384:640 = 0.6, 0.084 away.
    # Ratios: 0.778/0.684 = 1.137; 0.684/0.6 = 1.140.
    sizes = candidates(Size(512, 512), 256, 1024, 64)
    assert choose(Size(832, 1216), sizes, "absolute").bucket == (384, 640)
    assert choose(Size(832, 1216), sizes, "log").bucket == (448, 576)


def test_the_options_of_a_run_reach_the_choice():
    options = DatasetConfig(enable_bucket=True, bucket_rule="log", resize_interpolation="box")
    sizes = candidates(Size(512, 512), 256, 1024, 64)
    found = fit(Size(832, 1216), options, sizes)
    assert (found.bucket, found.interpolation) == ((448, 576), "box")


@pytest.mark.parametrize("cached", [False, True])
def test_without_buckets_wrong_sizes_are_one_error_that_names_them_and_the_mend_cached_or_not(
    tmp_path, cached
):
    draw(tmp_path / "1_a" / "right.png", (64, 64))
    draw(tmp_path / "1_a" / "large.png", (128, 64))
    draw(tmp_path / "1_a" / "small.png", (64, 32))
    (problem,) = plan(tmp_path, cache_latents=cached).problems
    assert problem.code == "E-IMG-SIZE"
    assert problem.facts["names"].en == "1_a/large.png (128×64), 1_a/small.png (64×32)"


def test_an_image_below_64_pixels_that_may_not_be_enlarged_is_a_clear_sentence(tmp_path):
    draw(tmp_path / "1_a" / "x.png", (200, 63))
    (problem,) = plan(tmp_path, enable_bucket=True, bucket_no_upscale=True).problems
    assert problem.code == "E-IMG-SMALL"
    assert problem.facts == {"size": (200, 63), "step": 64}
