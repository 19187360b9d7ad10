"""What the checker says about optimizers, rates and schedules, and how sd-scripts' names are read."""

import pytest

from core.config.check import check
from core.config.imports.read_any import import_text
from core.config.rules.loss import misfits
from core.config.schema.train import TrainConfig
from core.errors import ConfigError

HEAD = 'format = 1\n[model]\nbase = "b"\n[dataset]\ntrain_data_dir = "t"\n'


def said(*settings: str) -> list[tuple[str, str]]:
    """(code, key) of everything the checker says."""
    try:
        found = check(HEAD, settings).notices
    except ConfigError as e:
        found = e.problems
    return [(problem.code, problem.key) for problem in found]


def optimizer(name: str) -> str:
    return f'optimizer.optimizer_type = "{name}"'


@pytest.mark.parametrize("name", ["Prodigy", "DAdaptAdam", "dadaptsgd"])
def test_a_rate_far_below_one_is_said_where_the_optimizer_finds_it(name):
    assert said(optimizer(name)) == [("W-OPT-RATE", "train.learning_rate")]
    assert said(optimizer(name), "train.learning_rate = 1.0") == []


def test_several_rates_become_one_and_that_is_said():
    rates = ["train.learning_rate = 1.0", "train.text_encoder_lr = 0.5"]
    assert said(optimizer("Prodigy"), *rates) == [("W-OPT-ONE-RATE", "train.text_encoder_lr")]
    assert "W-OPT-ONE-RATE" not in [code for code, _ in said(*rates)]
    ratio = "network.loraplus_lr_ratio = 4.0"
    assert said(optimizer("Prodigy"), rates[0], ratio) == [("W-OPT-ONE-RATE", "network.loraplus_lr_ratio")]
    assert said(optimizer("Prodigy"), "train.learning_rate = 1.0", "train.text_encoder_lr = 0.0") == []


def test_adafactor_makes_its_own_schedule_and_no_other_optimizer_may_have_it():
    schedule = 'optimizer.lr_scheduler = "{}"'.format
    assert said(optimizer("Adafactor")) == [("W-CFG-READ-AS", "optimizer.lr_scheduler")]
    assert said(optimizer("Adafactor"), schedule("adafactor")) == []
    fixed = 'optimizer.optimizer_args = ["relative_step=False"]'
    assert said(optimizer("Adafactor"), fixed) == []
    assert said(optimizer("Adafactor"), fixed, schedule("adafactor")) == [
        ("E-CFG-TOGETHER", "optimizer.lr_scheduler")
    ]
    assert said(schedule("adafactor")) == [("E-CFG-TOGETHER", "optimizer.lr_scheduler")]


@pytest.mark.parametrize("name", ["AdamWScheduleFree", "RAdamScheduleFree", "SGDScheduleFree"])
def test_a_schedule_free_optimizer_takes_no_falling_schedule_and_no_second_mean(name):
    usual = (optimizer(name), "train.learning_rate = 1e-3")
    assert said(*usual, 'optimizer.lr_scheduler = "constant_with_warmup"') == []
    assert said(*usual, 'optimizer.lr_scheduler = "cosine"') == [("E-CFG-TOGETHER", "optimizer.lr_scheduler")]
    assert said(*usual, "train.ema_decay = 0.99") == [("E-CFG-TOGETHER", "train.ema_decay")]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (['optimizer.lr_scheduler = "cosine_with_min_lr"'], "lr_scheduler_min_lr_ratio"),
        (['optimizer.lr_scheduler = "piecewise_constant"'], "lr_scheduler_args"),
        (
            [
                'optimizer.lr_scheduler = "piecewise_constant"',
                'optimizer.lr_scheduler_args = "step_rules=1-10,2"',
            ],
            "lr_scheduler_args",
        ),
        (
            [
                'optimizer.lr_scheduler = "warmup_stable_decay"',
                "optimizer.lr_decay_steps = 0.6",
                "optimizer.lr_warmup_steps = 0.5",
            ],
            "lr_decay_steps",
        ),
        (['optimizer.optimizer_args = "weight_decay"'], "optimizer_args"),
    ],
)
def test_what_a_schedule_or_argument_lacks_is_an_error_before_the_run(settings, key):
    ((code, where),) = said(*settings)
    assert code.startswith("E-") and where == f"optimizer.{key}"


def test_a_fall_without_a_length_is_said():
    assert said('optimizer.lr_scheduler = "warmup_stable_decay"') == [
        ("W-CFG-DECAY", "optimizer.lr_decay_steps")
    ]


def test_a_warm_up_as_long_as_the_run_is_said_for_steps_and_shares():
    assert said("optimizer.lr_warmup_steps = '100%'") == [("W-CFG-WARMUP", "optimizer.lr_warmup_steps")]
    assert said("optimizer.lr_warmup_steps = 1600") == [("W-CFG-WARMUP", "optimizer.lr_warmup_steps")]
    assert said("optimizer.lr_warmup_steps = '10%'") == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("--use_8bit_adam", "AdamW8bit"),
        ("--use_lion_optimizer", "Lion"),
        ("--optimizer_type=DADAPTATION", "DAdaptAdamPreprint"),
        ("--optimizer_type pagedadamw8bit", "PagedAdamW8bit"),
        ('--use_8bit_adam --optimizer_type=""', "AdamW8bit"),
    ],
)
def test_optimizers_are_read_from_a_command_line(line, name):
    read = import_text(f"train_db.py {line} --lr_warmup_steps 10% --lr_decay_steps=0.2").values
    assert read["optimizer.optimizer_type"] == name
    assert (read["optimizer.lr_warmup_steps"], read["optimizer.lr_decay_steps"]) == ("10%", 0.2)


@pytest.mark.parametrize("kind", ["fp16", "bf16"])
def test_full_precision_is_read_beside_its_mixed_precision_in_any_order(kind):
    for line in (f"--mixed_precision {kind} --full_{kind}", f"--full_{kind} --mixed_precision={kind}"):
        assert import_text(f"train_db.py {line}").values["train.precision"] == f"full_{kind}"
    text = f'mixed_precision = "{kind}"\nfull_{kind} = true\n'
    assert check(HEAD + text).config.train.precision == f"full_{kind}"
    off = f'mixed_precision = "{kind}"\nfull_{kind} = false\n'
    assert check(HEAD + off).config.train.precision == kind


def test_full_precision_beside_another_mixed_precision_is_refused_with_the_right_one():
    with pytest.raises(ConfigError) as refused:
        check(HEAD + 'mixed_precision = "bf16"\nfull_fp16 = true\n')
    assert "full_fp16 needs mixed_precision 'fp16', not 'bf16'" in refused.value.problems[-1].en


@pytest.mark.parametrize(
    ("option", "prediction", "words"),
    [
        ("v_pred_like_loss", "flow", "this model predicts flow"),
        ("v_pred_like_loss", "v", "this model predicts v"),
        ("scale_v_pred_loss_like_noise_pred", "flow", "this model predicts flow"),
        ("scale_v_pred_loss_like_noise_pred", "epsilon", "this model predicts epsilon (the noise)"),
    ],
)
def test_what_fits_another_prediction_is_told_what_this_model_predicts(option, prediction, words):
    [problem] = misfits(TrainConfig(**{option: True if option.startswith("scale") else 0.5}), prediction)
    assert problem.code == "E-CFG-TOGETHER" and words in problem.en


FUSED = ("network.method = 'none'", "train.fused_backward_pass = true", "train.learning_rate = 1e-6")


@pytest.mark.parametrize(
    "other",
    [
        "train.gradient_accumulation_steps = 2",
        "train.precision = 'fp16'",
        "train.precision = 'full_fp16'",
        "optimizer.optimizer_type = 'AdamWScheduleFree'",
    ],
)
def test_weights_are_not_updated_in_the_backward_pass_where_all_gradients_are_needed(other):
    assert said(*FUSED, other) == [("E-CFG-TOGETHER", "train.fused_backward_pass")]


@pytest.mark.parametrize("name", ["Prodigy", "DAdaptAdam"])
def test_nor_by_an_optimizer_that_looks_at_all_weights(name):
    assert said(*FUSED[:2], "train.learning_rate = 1.0", optimizer(name)) == [
        ("E-CFG-TOGETHER", "train.fused_backward_pass")
    ]


@pytest.mark.parametrize("name", ["AdamW", "AdamW8bit", "PagedAdamW8bit", "Lion8bit", "SGDNesterov8bit"])
def test_by_others_they_are(name):
    rate = {"Lion8bit": "3e-7", "SGDNesterov8bit": "1e-3"}.get(name, "1e-6")
    assert said(*FUSED[:2], f"train.learning_rate = {rate}", optimizer(name)) == []


def test_with_a_lora_an_update_in_the_backward_pass_has_no_effect_and_that_is_said():
    settings = (FUSED[1], "train.learning_rate = 1e-4", "train.gradient_accumulation_steps = 2")
    assert said(*settings) == [("W-CFG-UNUSED", "train.fused_backward_pass")]


def test_sd_scripts_name_of_the_update_in_the_backward_pass_is_read():
    assert import_text("train_db.py --fused_backward_pass").values["train.fused_backward_pass"] is True
