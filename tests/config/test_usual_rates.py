"""Which learning rates are usual, and a word where one is far from it."""

import pytest

from core.config.check import check
from core.config.rules import usual_rates
from core.config.schema.train import TrainConfig
from core.errors import ConfigError

HEAD = 'model.base = "a"\ndataset.train_data_dir = "b"\n'


def said(*settings: str) -> list[tuple[str, str]]:
    """(option, first words) of the notices about rates."""
    try:
        found = check(HEAD, settings).notices
    except ConfigError as e:
        found = e.problems
    return [(p.key, " ".join(p.en.split()[:4])) for p in found if p.code == "W-OPT-RATE"]


def rate(value: float, key: str = "learning_rate") -> str:
    return f"train.{key} = {value}"


WHOLE, LORA = 'network.method = "none"', 'network.method = "lora"'


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ((LORA, rate(1e5)), "1e5 is far too"),
        ((LORA, rate(1.5e-3)), None),
        ((WHOLE, rate(1.5e-3)), "1.5e-3 is far too"),  # LoRA's rate kept when DreamBooth was chosen
        ((WHOLE, rate(1e-6)), None),
        ((WHOLE, rate(5e-6)), None),
        ((WHOLE, rate(1e-9)), "1e-9 is very low:"),
        ((LORA, 'optimizer.optimizer_type = "Prodigy"', rate(1.0)), None),
        ((LORA, 'optimizer.optimizer_type = "Prodigy"', rate(30.0)), "30 is far too"),
        ((LORA, 'optimizer.optimizer_type = "SGDNesterov"', rate(0.1)), None),
        ((LORA, 'optimizer.optimizer_type = "Lion"', rate(3e-5)), None),
        (('optimizer.optimizer_type = "Adafactor"', rate(1e5)), None),  # which makes its own steps
    ],
)
def test_a_rate_far_from_the_usual_one_is_said(settings, expected):
    assert said(*settings) == ([] if expected is None else [("train.learning_rate", expected)])


@pytest.mark.parametrize(
    ("settings", "usual"),
    [
        ((LORA, rate(1e-4), rate(1e-2, "text_encoder_lr")), "5e-6 to 5e-4"),
        ((WHOLE, rate(1e-6), rate(1e-4, "text_encoder_lr")), "1e-7 to 5e-6"),
        ((LORA, 'optimizer.optimizer_type = "Lion"', rate(3e-5), rate(1e-2, "text_encoder_lr")),
         "5e-7 to 1.67e-4"),
        ((WHOLE, rate(1e-3)), "4e-7 to 1e-5"),
    ],
)  # fmt: skip
def test_a_text_encoder_has_a_range_of_its_own(settings, usual):
    [notice] = [p for p in check(HEAD, settings).notices if p.code == "W-OPT-RATE"]
    assert notice.facts["usual"].en == usual and ("text" in notice.en) == ("text" in notice.key)


def test_the_rates_that_count_are_looked_at_and_the_usual_range_is_named():
    parts = [LORA, rate(1e5), rate(1e-4, "unet_lr"), rate(1.0, "text_encoder_lr")]
    assert said(*parts) == [("train.text_encoder_lr", "1 is far too")]
    assert said(*parts, "train.stop_text_encoder_training = 0") == []
    parts = [LORA, rate(1e-4), rate(1e-5, "text_encoder_lr"), rate(2.0, "text_encoder_2_lr")]
    assert said(*parts) == [("train.text_encoder_2_lr", "2 is far too")]
    notice = next(p for p in check(HEAD, [LORA, rate(1e5)]).notices if p.code == "W-OPT-RATE")
    assert notice.facts["trained"].en == "LoRA" and notice.facts["optimizer"] == "AdamW"
    assert notice.facts["usual"][:2] == ("1e-5 to 1e-3", "1e-5〜1e-3")


@pytest.mark.parametrize(
    ("value", "text"), [(1e-6, "1e-6"), (1.5e-3, "1.5e-3"), (0.05, "0.05"), (1.0, "1"), (1e5, "1e5")]
)
def test_a_rate_is_written_as_people_write_it(value, text):
    assert usual_rates.shown(value) == text


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("train.learning_rate = -1.0", "must be at least 0, not -1."),
        ("network.dropout = 1.5", "must be below 1, not 1.5."),
        ("train.max_train_steps = 2.0", "must be a whole number, not 2.0."),
    ],
)
def test_a_number_out_of_range_is_told_as_its_bound_is(setting, words):
    with pytest.raises(ConfigError) as refused:
        check(HEAD, [setting])
    assert refused.value.problems[0].en == words


@pytest.mark.parametrize(
    ("given", "rates"),
    [
        ({}, {"denoiser": 1e-4, "text": 1e-4}),
        ({"unet_lr": 0.0}, {"text": 1e-4}),
        ({"text_encoder_lr": 5e-5}, {"denoiser": 1e-4, "text": 5e-5}),
        ({"stop_text_encoder_training": 0}, {"denoiser": 1e-4}),
        ({"stop_text_encoder_training": -1, "unet_lr": 0.0}, {}),
        ({"stop_text_encoder_training": 0.3, "text_encoder_lr": 1e-3}, {"denoiser": 1e-4, "text": 1e-3}),
    ],
)
def test_the_rates_are_those_of_the_parts_that_are_trained_at_all(given, rates):
    assert TrainConfig(learning_rate=1e-4, **given).rates() == rates
