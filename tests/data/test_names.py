"""What folder names mean."""

import unicodedata
from pathlib import Path

import pytest

from core.data.names import complaint, is_image, is_junk, parse, suggestion


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("20_sls frog", (20, "sls frog")),
        ("1_frog", (1, "frog")),
        ("7_a_b c", (7, "a_b c")),
        ("２０_カエル", (20, "カエル")),
        ("007_x", (7, "x")),
        ("20_", (20, "")),
        ("10_ sls frog ", (10, "sls frog")),
    ],
)
def test_number_underscore_words_is_repeats_and_prompt(name, meaning):
    assert parse(name) == meaning


@pytest.mark.parametrize(
    "name",
    ["20 sls frog", "20-sls frog", "frog", "1.5_frog", "１．５_x", "0_x", "-3_x", "٣_x", "+7_x", " 7_x", "_x",
     "5", "²_x", "99999999999_x", "9" * 5000 + "_x", "100001_x", "frog_20", "\udc80_x", "", "20_\udc80"],
)  # fmt: skip
def test_any_other_name_is_refused_with_a_reason_in_both_languages(name):
    assert parse(name) is None
    reason = complaint(name)
    assert reason.en and reason.ja and reason.en != reason.ja


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("99999999999_x", "an epoch would have 99,999,999,999 samples of each image"),
        ("9" * 200 + "_x", "an epoch would have 10^199 samples of each image"),
        ("100001_x", "an epoch would have 100,001 samples of each image; 100,000 repeats are possible"),
        ("0_x", "with 0 repeats it would never be trained"),
    ],
)
def test_a_number_of_repeats_out_of_bounds_is_told_by_what_it_would_do(name, said):
    assert said in complaint(name).en


def test_zeros_before_a_number_mean_nothing():
    assert parse("0000000000000020_x") == (20, "x")


def test_a_decomposed_name_gives_a_composed_prompt():
    assert parse(unicodedata.normalize("NFD", "3_ガラス")) == (3, "ガラス")


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("20 sls frog", "20_sls frog"),
        ("20-sls frog", "20_sls frog"),
        ("２０＿カエル", "20_カエル"),
        ("frog", "10_frog"),
        ("1girl", "10_1girl"),
        ("0_x", "1_x"),
        ("-3_x", "3_x"),
        ("1.5_frog", "1_frog"),
        ("5", "10_5"),
        ("99999999999_x", "10_x"),
        ("_", "10_sls frog"),
    ],
)
def test_a_wrong_name_gets_a_right_one_close_to_it(name, better):
    assert suggestion(name) == better
    assert parse(better) is not None


@pytest.mark.parametrize(
    "name", ["a.JPG", "a.Jpg", "a.jpeg", "a.webp", "日本語 スペース 'q' #& (1).png", "a.b.BMP", "x.avif"]
)
def test_images_are_known_by_extension_in_any_case(name):
    assert is_image(Path(name))


@pytest.mark.parametrize(
    "name", ["._a.png", ".a.png", "Thumbs.db", "thumbs.DB", ".DS_Store", "desktop.ini", "__MACOSX"]
)
def test_litter_of_systems_is_never_looked_at(name):
    assert is_junk(name)
    assert not is_image(Path(name))


def test_captions_are_no_images():
    assert not is_image(Path("a.caption")) and not is_image(Path("a.txt"))
