"""Options on images and captions that exclude each other."""

import pytest

from core.config.check import check
from core.errors import ConfigError

FILE = "[model]\nbase = 'b'\n[dataset]\ntrain_data_dir = 't'\n"


def keys(lines: str) -> list[str]:
    try:
        check(FILE + lines)
    except ConfigError as error:
        return [problem.key for problem in error.problems if problem.is_error]
    return []


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("secondary_separator = ',,'", ["dataset.secondary_separator"]),
        ("secondary_separator = ';'\ncaption_separator = ';'", ["dataset.secondary_separator"]),
        ("keep_tokens_separator = ','", ["dataset.keep_tokens_separator"]),
        ("keep_tokens_separator = '|||'\nsecondary_separator = '|||'", ["dataset.secondary_separator"]),
        ("keep_tokens_separator = '|||'\nsecondary_separator = ';;;'", []),
        ("keep_tokens_separator = ',|,'", []),
    ],
)
def test_a_separator_that_would_never_be_found_is_refused(lines, found):
    assert keys(lines) == found


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("alpha_mask = true\nconditioning_data_dir = 'm'", ["dataset.alpha_mask"]),
        ("alpha_mask = true\nconditioning_data_dir = ''", []),
        ("conditioning_data_dir = 'm'", []),
    ],
)
def test_masks_come_from_the_transparency_or_from_a_folder(lines, found):
    assert keys(lines) == found


@pytest.mark.parametrize("cache", ["cache_latents", "cache_latents_to_disk"])
@pytest.mark.parametrize(
    ("option", "is_refused"), [("color_aug", True), ("random_crop", True), ("flip_aug", False)]
)
def test_cached_latents_allow_mirroring_but_no_colours_and_no_random_crop(cache, option, is_refused):
    assert keys(f"{cache} = true\n{option} = true") == ([f"dataset.{option}"] if is_refused else [])


@pytest.mark.parametrize(("smallest", "found"), [(100, ["dataset.min_bucket_reso"]), (128, [])])
def test_the_smallest_bucket_side_is_at_least_one_step(smallest, found):
    lines = f"enable_bucket = true\nbucket_reso_steps = 128\nmin_bucket_reso = {smallest}"
    assert keys(lines) == found


@pytest.mark.parametrize(
    ("largest", "more", "is_told"),
    [(1024, "", True), (1088, "", False), (2048, "", False), (1024, "bucket_no_upscale = true", False)],
)
def test_buckets_that_are_never_longer_than_the_resolution_are_warned_of(largest, more, is_told):
    lines = f"resolution = 1024\nenable_bucket = true\nmax_bucket_reso = {largest}\n{more}"
    told = [p.key for p in check(FILE + lines).notices if p.code == "W-CFG-BUCKET"]
    assert told == (["dataset.max_bucket_reso"] if is_told else [])


def test_a_resolution_that_is_no_square_has_a_bucket_of_its_own_shape():
    lines = "resolution = [1216, 832]\nenable_bucket = true\nmax_bucket_reso = 1216"
    assert [p for p in check(FILE + lines).notices if p.code == "W-CFG-BUCKET"] == []
