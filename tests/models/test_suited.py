"""What of the settings is proposed for a base model of another family than they were made for."""

import pytest

from core.formats.identify import Identity
from core.models.suited import concerned, proposals

SD1 = Identity("model", family="sd1", prediction="epsilon", parameters=1_066_000_000)
SD2_BASE = Identity("model", family="sd2", prediction="epsilon", parameters=1_290_000_000)
SD2_768 = Identity("model", family="sd2", prediction="v", parameters=1_290_000_000)
XL = Identity("model", family="sdxl", prediction="epsilon", parameters=3_468_000_000)

FRESH = {
    "dataset.resolution": (512, 512),
    "dataset.min_bucket_reso": 256,
    "dataset.max_bucket_reso": 1024,
    "dataset.cache_latents": False,
    "train.text_encoder_lr": None,
    "train.gradient_checkpointing": False,
    "train.precision": "no",
}
"""The options' own defaults."""

FOR_XL = {
    "dataset.resolution": (1024, 1024),
    "dataset.min_bucket_reso": 512,
    "dataset.max_bucket_reso": 2048,
    "dataset.cache_latents": True,
    "train.text_encoder_lr": 0.0,
    "train.gradient_checkpointing": True,
    "train.precision": "bf16",
}


def test_everything_that_is_as_for_sd1_is_proposed_otherwise_for_sdxl():
    assert concerned() == FRESH.keys() and proposals(XL, FRESH) == FOR_XL


def test_nothing_is_proposed_where_the_settings_suit():
    assert proposals(XL, FOR_XL) == {} and proposals(SD1, FRESH) == {}


def test_back_at_sd1_sizes_are_proposed_and_what_saves_memory_stays():
    sizes = {"resolution": (512, 512), "min_bucket_reso": 256, "max_bucket_reso": 1024}
    assert proposals(SD1, FOR_XL) == {f"dataset.{name}": value for name, value in sizes.items()}


def test_values_of_ones_own_are_left_alone():
    own = {"train.text_encoder_lr": 5e-5, "train.precision": "full_bf16", "dataset.max_bucket_reso": 1536}
    assert proposals(XL, own) == {}


@pytest.mark.parametrize(
    ("base", "size", "wanted"),
    [
        (XL, (768, 512), (1024, 1024)),  # 627 of 1024 pixels
        (XL, (1216, 832), None),
        (XL, (832, 832), None),
        (SD1, (640, 512), None),
        (SD1, (1152, 896), (512, 512)),
        (SD2_BASE, (1024, 1024), (512, 512)),
        (SD2_BASE, (512, 512), None),
        (SD2_768, (512, 512), (768, 768)),
    ],
)
def test_a_size_is_proposed_where_the_own_one_is_far_from_what_the_model_was_trained_at(base, size, wanted):
    assert proposals(base, {"dataset.resolution": size}).get("dataset.resolution") == wanted


def test_a_largest_bucket_below_the_models_side_is_proposed_larger():
    assert proposals(XL, {"dataset.max_bucket_reso": 960}) == {"dataset.max_bucket_reso": 2048}


def test_values_that_are_named_as_foreign_are_proposed_otherwise():
    tiny = {"dataset.min_bucket_reso": 64}
    assert proposals(XL, tiny) == {} and proposals(XL, tiny, tiny) == {"dataset.min_bucket_reso": 512}


def test_nothing_is_proposed_for_a_model_made_for_trials_or_of_no_known_family():
    small = Identity("model", family="sdxl", prediction="epsilon", parameters=7_000_000)
    other = Identity("model", family="flux", parameters=12_000_000_000)
    assert proposals(small, FRESH) == {} and proposals(other, FRESH) == {}
