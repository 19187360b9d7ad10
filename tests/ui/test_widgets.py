"""Every option has one widget, and its value comes through the page unchanged."""

from __future__ import annotations

import math
import random

import pytest

from core.config.check import check
from core.config.file import toml_text
from core.errors import ConfigError
from tests.test_options import met, non_default
from ui.parts.numbers import decimal_text
from ui.parts.options import OPTIONS, defaults
from ui.settings import widgets
from ui.settings.cards import classes_of

OF_THE_PAGE = {
    "optimizer.optimizer_args": ("weight_decay=0.1", "betas=0.9,0.99"),
    "optimizer.lr_scheduler_args": ("step_rules=1:10,0.5",),
    "optimizer.lr_warmup_steps": 0.1,
    "train.stop_text_encoder_training": 0.07,
    "sample.sample_prompts": ("sls frog", "frog --s 10 --d 1"),
    "train.seed": 2**62 + 1,
    "network.base_weights": ("/a.safetensors", "/b.safetensors"),
}


def other_value(option):
    """A valid value that is not the default."""
    if option.key in OF_THE_PAGE:
        return OF_THE_PAGE[option.key]
    return "/somewhere/else" if option.meta.path else non_default(option)


def through_the_page(option, value):
    """value -> widget -> value -> TOML -> config."""
    read = widgets.read(option, widgets.shown(option, value))
    values = {
        **defaults(),
        "model.base": "/b",
        "dataset.train_data_dir": "/t",
        "network.weights": "/w",
        "sample.sample_prompts": ("p",),
    }
    if option.key == "dataset.dataset_config" and read:
        values["dataset.train_data_dir"] = ""  # it names the images alone
    text = toml_text.dumps({**values, **met(option), option.key: read})
    return toml_text.values_of(check(text).config)[option.key]


def test_every_option_has_exactly_one_widget(shared_app):
    assert set(shared_app.form.components) == set(OPTIONS)
    ids = [component.elem_id for component in shared_app.form.components.values()]
    assert len(set(ids)) == len(ids) == len(OPTIONS)
    on_page = [
        block.elem_id for block in shared_app.blocks.blocks.values() if getattr(block, "elem_id", None)
    ]
    assert all(on_page.count(name) == 1 for name in ids)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda o: o.key)
def test_another_value_comes_through_the_page(option):
    value = other_value(option)
    assert value != option.default
    assert through_the_page(option, value) == value


@pytest.mark.parametrize(
    "option",
    [o for o in OPTIONS.values() if o.key not in ("model.base", "dataset.train_data_dir")],
    ids=lambda o: o.key,
)
def test_the_default_comes_through_the_page(option):
    if option.key in ("sample.sample_prompts", "optimizer.lr_scheduler_args"):
        assert widgets.read(option, widgets.shown(option, ())) == []
    else:
        assert through_the_page(option, option.default) == option.default


def test_a_rate_is_written_as_people_write_it():
    shown = {value: decimal_text(value) for value in (1e-4, 2e-6, 1.5e-5, 0.002, 1.0, 0.05, 0.0)}
    assert list(shown.values()) == ["1e-4", "2e-6", "1.5e-5", "0.002", "1", "0.05", "0"]


def test_any_rate_reads_back_to_the_same_number():
    rng = random.Random(0)
    for _ in range(2000):
        value = math.ldexp(rng.random(), rng.randint(-40, 8))
        assert float(decimal_text(value)) == value


@pytest.mark.parametrize(
    ("key", "typed"),
    [("train.learning_rate", "fast"), ("train.max_train_steps", None), ("train.seed", "4x"),
     ("dataset.resolution", "wide"), ("dataset.resolution", "500"), ("train.max_train_steps", 1.5)],
)  # fmt: skip
def test_what_can_not_be_read_is_named_by_the_checker_and_never_replaced(key, typed):
    value = widgets.read(OPTIONS[key], typed)
    values = {**defaults(), "model.base": "/b", "dataset.train_data_dir": "/t", key: value}
    with pytest.raises(ConfigError) as error:
        check(toml_text.dumps(values))
    assert [problem.key for problem in error.value.problems] == [key]


def test_japanese_commas_and_x_are_understood_in_a_resolution():
    option = OPTIONS["dataset.resolution"]
    assert widgets.read(option, "768，512") == widgets.read(option, "768x512") == [768, 512]


@pytest.mark.parametrize(
    "typed",
    [
        '["weight_decay=0.01", "betas=0.9,0.999"]', "weight_decay=0.01\nbetas=0.9,0.999",
        "[\n 'weight_decay=0.01',\n 'betas=0.9,0.999',\n]", "  weight_decay=0.01\n\n  betas=0.9,0.999  \n",
    ],
)  # fmt: skip
def test_a_list_is_taken_one_a_line_and_as_the_help_and_the_run_file_write_it(typed):
    assert widgets.read(OPTIONS["optimizer.optimizer_args"], typed) == [
        "weight_decay=0.01",
        "betas=0.9,0.999",
    ]


def test_a_prompt_in_brackets_is_a_prompt():
    assert widgets.read(OPTIONS["sample.sample_prompts"], "[a frog:0.5]") == ["[a frog:0.5]"]


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("train.seed", "５", 5), ("train.learning_rate", "０．０００１", 0.0001),
        ("train.unet_lr", "１ｅ－４", 1e-4),
        ("dataset.resolution", "７６８，５１２", [768, 512]), ("train.max_train_epochs", " １０ ", 10),
    ],
)  # fmt: skip
def test_numbers_of_a_japanese_keyboard_are_read(key, typed, value):
    assert widgets.read(OPTIONS[key], typed) == value


def test_a_card_is_as_basic_as_its_most_basic_option():
    assert classes_of([OPTIONS["log.logging_dir"], OPTIONS["log.log_every_n_steps"]]) == ["lv-advanced"]
    assert "for-lora" in classes_of([OPTIONS["network.rank"], OPTIONS["network.alpha"]])
    assert "for-lora" not in classes_of([OPTIONS["network.method"], OPTIONS["network.rank"]])
