"""Steps in which nothing would be trained are refused or said, over the whole run."""

import pytest

from core.config.check import check
from core.errors import ConfigError

HEAD = 'model.base = "a"\ndataset.train_data_dir = "b"\n'
ONLY_TEXT = "train.unet_lr = 0.0"
STOP = "train.stop_text_encoder_training"


def said(*settings: str) -> list[tuple[str, str]]:
    try:
        found = check(HEAD, settings).notices
    except ConfigError as e:
        found = e.problems
    return [(p.code, p.key) for p in found]


@pytest.mark.parametrize(
    ("settings", "is_refused"),
    [
        ((f"{STOP} = 1", "train.max_train_steps = 3"), True),
        ((f"{STOP} = 3", "train.max_train_steps = 3"), False),
        ((f'{STOP} = "50%"', "train.max_train_steps = 3"), True),
        ((f'{STOP} = "100%"', "train.max_train_epochs = 2"), False),
        ((f'{STOP} = "90%"', "train.max_train_epochs = 2"), True),
        ((), False),
    ],
)
def test_a_text_encoder_that_learns_alone_learns_to_the_end(settings, is_refused):
    assert said(ONLY_TEXT, *settings) == ([("E-CFG-TOGETHER", STOP)] if is_refused else [])
    assert said(*settings) == []


def test_the_refusal_names_the_steps():
    with pytest.raises(ConfigError, match=r"stops at step 1 of 3, so nothing would be trained after that"):
        check(HEAD, [ONLY_TEXT, f"{STOP} = 1", "train.max_train_steps = 3"])


def test_pieces_of_a_schedule_without_a_rate_are_said():
    pieces = (
        'optimizer.lr_scheduler = "piecewise_constant"',
        'optimizer.lr_scheduler_args = ["step_rules={}"]',
    )
    assert said(pieces[0], pieces[1].format("1:100,0.5:200,0.1")) == []
    for rules in ("1:100,0", "1:10,0:20,1"):
        assert said(pieces[0], pieces[1].format(rules)) == [("W-TRAIN-IDLE", "optimizer.lr_scheduler_args")]


def test_regularization_images_without_a_weight_are_said():
    reg = 'dataset.reg_data_dir = "c"'
    assert said(reg, "dataset.prior_loss_weight = 0.0") == [("W-TRAIN-IDLE", "dataset.prior_loss_weight")]
    assert said(reg) == said("dataset.prior_loss_weight = 0.0") == []
