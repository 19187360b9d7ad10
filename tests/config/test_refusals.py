"""What is refused or warned about, each message by a text that brings it up."""

import pytest
from pydantic import ValidationError

from core.config import messages, pydantic_messages
from core.config.check import check
from core.config.file import messages as file_messages
from core.config.file import toml_text
from core.config.imports import messages as import_messages
from core.config.imports.read_any import import_metadata, import_text
from core.config.rules import messages as rule_messages
from core.config.schema.run import RunConfig
from core.errors import ConfigError

RUN = (
    "[model]\nbase = 'b'\n{model}\n[dataset]\ntrain_data_dir = 't'\n{dataset}\n"
    "[network]\nmethod = 'lora'\n{rest}"
)


def problems(text: str, overrides: tuple[str, ...] = ()):
    try:
        return check(text, overrides).notices
    except ConfigError as error:
        return error.problems


def run(model: str = "", dataset: str = "", rest: str = "") -> str:
    return RUN.format(model=model, dataset=dataset, rest=rest)


@pytest.mark.parametrize(
    ("message", "text", "key"),
    [
        (
            rule_messages.TIMESTEPS_EMPTY,
            run(rest="[train]\nmin_timestep = 9\nmax_timestep = 8"),
            "train.min_timestep",
        ),
        (
            rule_messages.FOR_V_ONLY,
            run("prediction = 'epsilon'", rest="[train]\nscale_v_pred_loss_like_noise_pred = true"),
            "train.scale_v_pred_loss_like_noise_pred",
        ),
        (
            rule_messages.FOR_EPSILON_ONLY,
            run("prediction = 'v'", rest="[train]\nv_pred_like_loss = 1.0"),
            "train.v_pred_like_loss",
        ),
        (
            rule_messages.ZERO_SNR_WITH_EPSILON,
            run("prediction = 'epsilon'", rest="[train]\nzero_terminal_snr = true"),
            "train.zero_terminal_snr",
        ),
        (
            rule_messages.BUCKETS_REVERSED,
            run(dataset="enable_bucket = true\nmin_bucket_reso = 512\nmax_bucket_reso = 256"),
            "dataset.min_bucket_reso",
        ),
        (rule_messages.LORA_FORMAT, run(rest="[save]\nsave_model_as = 'diffusers'"), "save.save_model_as"),
        (messages.MORE_THAN_TWO, run(dataset="resolution = [64, 64, 64]"), "dataset.resolution"),
        (
            messages.NOT_STEP_RULES,
            run(rest="[optimizer]\nlr_scheduler = 'piecewise_constant'\nlr_scheduler_args = ['a=1']"),
            "optimizer.lr_scheduler_args",
        ),
        (file_messages.TOO_LONG, "#" * (toml_text.LONGEST + 1), ""),
    ],
    ids=lambda value: getattr(value, "key", ""),
)  # fmt: skip
def test_a_run_file_is_refused_or_warned_about_at_the_option(message, text, key):
    assert (message, key) in [(problem.message, problem.key) for problem in problems(text)]


def test_an_override_without_an_equals_sign_is_refused():
    assert [p.message for p in problems(run(), ("train.seed",))] == [messages.SET_SYNTAX]


def test_what_pydantic_finds_beyond_the_usual_is_shown_in_its_own_words():
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate({"train": 5})
    (problem,) = pydantic_messages.problems_of(caught.value)
    assert (problem.message, problem.key, problem.facts["value"]) == (messages.BAD_VALUE, "train", "5")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError) as caught:
        toml_text.read(tmp_path / "gone.toml")
    (problem,) = caught.value.problems
    assert (problem.message, problem.path) == (file_messages.NO_SUCH_FILE, str(tmp_path / "gone.toml"))


def test_records_that_are_not_known_are_listed():
    report = import_metadata({"ss_network_dim": "8", "ss_sparkle": "1", "ss_glow": "2"}).report
    (unknown,) = [problem for problem in report if problem.message is import_messages.UNKNOWN_RECORDS]
    assert "ss_sparkle, ss_glow" in unknown.en


def test_an_option_that_is_not_here_is_left_out_of_an_import_with_its_reason():
    report = import_text("train_network.py --network_dim=8 --deepspeed").report
    (refused,) = [problem for problem in report if problem.message is import_messages.NOT_HERE]
    assert "would change the result" in refused.en and "found true" in refused.en
