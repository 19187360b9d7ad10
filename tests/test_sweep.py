"""A sweep is the same run with other values of one option or two, each named by its values."""

import time

import pytest

from core.config.check import check
from core.errors import UserError
from core.sweep import axis, variants

RUN = (
    '[model]\nbase = "m.safetensors"\n[dataset]\ntrain_data_dir = "images"\n'
    '[network]\nmethod = "lora"\n[save]\noutput_name = "sls_frog"\nresume = "auto"\n'
)


def values(key, text):
    return [value for value, _ in axis(key, text).values]


def test_values_are_written_one_after_the_other():
    assert values("train.learning_rate", "1e-4, ５e-5,0.0002") == ["0.0001", "5e-5", "0.0002"]
    assert values("network.rank", "8,16, 8") == ["8", "16"]
    assert values("optimizer.lr_scheduler", "constant, cosine") == ['"constant"', '"cosine"']
    assert values("train.gradient_checkpointing", "on,off") == ["true", "false"]


def test_a_range_of_rates_has_equal_factors_and_others_equal_distances():
    assert values("train.learning_rate", "1e-5..1e-3 in 3") == ["1e-5", "0.0001", "0.001"]
    assert values("network.rank", "4 .. 16 in 4") == ["4", "8", "12", "16"]
    assert values("network.alpha", "0..1 in 5") == ["0.0", "0.25", "0.5", "0.75", "1.0"]


def test_a_run_is_named_by_its_values_and_starts_afresh():
    axes = [axis("train.learning_rate", "1e-4,0.05"), axis("network.rank", "8,16")]
    made = variants(RUN, axes)
    assert [v.name for v in made] == [
        "sls_frog-lr1e-4-rank8", "sls_frog-lr1e-4-rank16", "sls_frog-lr0.05-rank8", "sls_frog-lr0.05-rank16",
    ]  # fmt: skip
    config = check(made[1].text).config
    assert (config.train.learning_rate, config.network.rank) == (1e-4, 16)
    assert (config.save.output_name, config.save.resume) == (made[1].name, None)


def test_one_value_is_a_copy_of_the_run_with_that_changed():
    (made,) = variants(RUN, [axis("optimizer.lr_scheduler", "cosine")])
    assert made.name == "sls_frog-cosine"


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("save.output_dir", "a,b", "can't be varied"),
        ("no.such", "1", "can't be varied"),
        ("network.rank", " , ", "give its values"),
        ("network.rank", "eight", "is not a number"),
        ("network.rank", "1..x in 3", "two numbers"),
        ("network.rank", "1..100 in 1000", "at most 64"),
        ("train.gradient_checkpointing", "maybe", "on or off"),
    ],
)
def test_what_is_no_sweep_is_refused_in_a_sentence(key, text, said):
    with pytest.raises(UserError, match=said):
        axis(key, text)


def test_a_value_that_the_checker_refuses_is_refused_before_anything_is_added():
    with pytest.raises(UserError, match="rank"):
        variants(RUN, [axis("network.rank", "8,-1")])
    with pytest.raises(UserError, match="at most 64"):
        variants(RUN, [axis("network.rank", "1..40 in 40"), axis("network.alpha", "1,2")])
    with pytest.raises(UserError, match="different"):
        variants(RUN, [axis("network.rank", "1"), axis("network.rank", "2")])


def test_blanks_without_end_in_a_range_take_no_time():
    start = time.monotonic()
    with pytest.raises(UserError):
        values("network.rank", "1 .." + " " * 1900 + "x")
    assert values("network.rank", "4  ..\t16   in  4") == ["4", "8", "12", "16"]
    assert time.monotonic() - start < 1
