"""What other options must be for one to have an effect."""

import pytest

from core.config.check import check
from core.config.file import toml_text
from core.config.schema.conditions import parse, unmet


@pytest.mark.parametrize(
    ("needs", "values", "is_met"),
    [
        ("a.b", {"a.b": True}, True),
        ("a.b", {"a.b": 0}, False),
        ("a.b", {"a.b": None}, False),
        ("a.b", {}, True),
        ("a.b=huber,smooth_l1", {"a.b": "smooth_l1"}, True),
        ("a.b=huber,smooth_l1", {"a.b": "l2"}, False),
        ("a.b=true", {"a.b": True}, True),
        ("a.b!=constant", {"a.b": "cosine"}, True),
        ("a.b!=constant", {"a.b": "constant"}, False),
        ("a.b|a.c", {"a.b": False, "a.c": True}, True),
        ("a.b|a.c", {"a.b": False, "a.c": False}, False),
        ("a.b a.c=x", {"a.b": 1, "a.c": "y"}, False),
    ],
)
def test_a_need_is_met_when_it_should_be(needs, values, is_met):
    assert (unmet(parse(needs), values) is None) == is_met


RUN = 'format = 1\n[model]\nbase = "m"\n[dataset]\ntrain_data_dir = "t"\n'


def notices(text):
    return {notice.key: notice for notice in check(RUN + text).notices}


def test_an_option_without_effect_is_said_with_its_line_and_what_it_needs():
    said = notices("min_bucket_reso = 384\n")["dataset.min_bucket_reso"]
    assert said.code == "W-CFG-UNUSED" and said.line == 6
    assert said.en == "has no effect unless dataset.enable_bucket is set or dataset.dataset_config is set."
    assert said.ja == "dataset.enable_bucketを指定するか、dataset.dataset_configを指定しないと使われません。"
    assert not notices("min_bucket_reso = 384\nenable_bucket = true\n")


def test_an_option_without_effect_that_is_at_its_default_is_not_worth_a_word():
    assert not notices("min_bucket_reso = 256\n")


def test_a_run_file_leaves_out_what_has_no_effect():
    values = {"dataset.enable_bucket": False, "dataset.dataset_config": None, "dataset.min_bucket_reso": 384}
    assert "min_bucket_reso" not in toml_text.dumps(values)
    assert "min_bucket_reso = 384" in toml_text.dumps(values | {"dataset.enable_bucket": True})
