"""The settings that a beginner sees, and what is said of those that he does not."""

from __future__ import annotations

import re

import gradio as gr
import pytest

from core.catalog import METHODS
from tests.ui.fake import demo_raw
from ui.parts.options import OPTIONS
from ui.settings.cards import grid
from ui.settings.unshown import unshown, unshown_html

MOST = 15


@pytest.mark.parametrize("method", METHODS)
def test_a_beginner_decides_on_15_settings_at_most(method):
    basic = [option for option in OPTIONS.values() if option.meta.level == "basic"]
    shown = {option.key for option in basic if option.is_used({"network.method": method})}
    assert len(shown) <= MOST
    # A word by itself, which is no beginner's method, has a rate of its own.
    rates = set() if method == "embedding" else {"train.learning_rate"}
    assert {"dataset.train_data_dir", "model.base", "sample.sample_prompts"} | rates <= shown


def test_settings_that_the_level_hides_are_counted_when_they_are_not_at_their_default(app):
    raw = demo_raw(app) | {"train.precision": "bf16", "optimizer.lr_warmup_steps": "25"}
    html = unshown_html(app._window, app.form, raw, "basic", "en")
    line = html[html.index('data-of="training"') :]
    # The demo's own three: seed, debiased estimation, samples before training.
    assert "5 more settings differ" in line and "bf16" in line and ">25<" in line
    assert 'data-goto="opt-train-precision" data-goto-tab="training" data-goto-level="1"' in line


def test_a_setting_without_effect_or_in_sight_is_not_counted(app):
    raw = demo_raw(app) | {"network.method": "none", "network.dropout": "0.5", "train.seed": "7"}
    keys = {option.key for option, _ in unshown(app._window, app.form, raw, "basic")}
    assert "train.seed" in keys and "network.dropout" not in keys
    assert "train.seed" not in {o.key for o, _ in unshown(app._window, app.form, raw, "advanced")}


def test_the_output_folder_of_the_workspace_is_no_setting_of_ones_own(app):
    keys = {option.key for option, _ in unshown(app._window, app.form, demo_raw(app), "basic")}
    assert "save.output_dir" not in keys and "model.family" not in keys  # which the file tells


def test_what_a_value_says_is_text_and_no_html(app):
    raw = demo_raw(app) | {"dataset.caption_prefix": "<img src=x>"}
    html = unshown_html(app._window, app.form, raw, "basic", "ja")
    assert "&lt;img" in html and "<img" not in html and re.search("ほかに既定値と異なる設定：[0-9]+個", html)


def test_a_card_shows_fields_before_rows_and_boxes(app):
    class Drawn(list):
        def draw(self, page, option):
            self.append(option.key)

    drawn = Drawn()
    keys = ("train.gradient_checkpointing", "save.output_dir", "train.precision")
    with gr.Blocks():
        grid(app.page, drawn, [OPTIONS[key] for key in keys])
    assert drawn == ["train.precision", "save.output_dir", "train.gradient_checkpointing"]
