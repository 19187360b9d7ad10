"""How long the run will be and how its learning rate changes, told while settings change."""

from __future__ import annotations

import re

import pytest

from tests.ui.fake import demo_raw
from ui.parts.chart import Line, loss_chart, mark_text, plot
from ui.parts.curve import Curve
from ui.settings.checking import epochs_text
from ui.settings.length import length_of
from ui.settings.rates import rate_curve


def points(html, name):
    """The curve of a name as (x, y) of the drawing: 0 to 1000 to the right, 0 to 300 down."""
    found = re.search(rf'<polyline class="{name}" points="([^"]+)"', html)
    return [tuple(map(float, pair.split(","))) for pair in found.group(1).split()] if found else []


def raw_with(app, **changed):
    return {**demo_raw(app), **{key.replace("__", "."): value for key, value in changed.items()}}


def test_epochs_and_batch_change_the_total_before_any_look_at_the_images(shared_app):
    # The demo: 200 training samples and as many regularization samples an epoch, batch 4.
    by_steps = length_of(shared_app.form, raw_with(shared_app, train__max_train_steps=250), None)
    assert (by_steps.samples, by_steps.steps, by_steps.total, by_steps.epochs) == (400, 100, 250, 3)
    raw = raw_with(shared_app, train__max_train_epochs="6", dataset__train_batch_size=8)
    by_epochs = length_of(shared_app.form, raw, None)
    assert (by_epochs.steps, by_epochs.total, by_epochs.epochs) == (50, 300, 6)


def test_a_constant_rate_is_a_level_line_and_a_linear_one_falls_to_the_end(shared_app):
    same = {"train__unet_lr": "", "train__text_encoder_lr": "", "train__stop_text_encoder_training": ""}
    level = points(
        rate_curve(
            shared_app.form, raw_with(shared_app, **same, optimizer__lr_scheduler="constant"), 200, "en"
        ),
        "smooth",
    )
    assert len({y for _, y in level}) == 1 and level[0][0] == 0 and level[-1][0] == 995.0
    raw = raw_with(
        shared_app, **same, train__learning_rate="1e-4", optimizer__lr_scheduler="linear",
        optimizer__lr_warmup_steps="10%",
    )  # fmt: skip
    html = rate_curve(shared_app.form, raw, 200, "en")
    curve = dict(points(html, "smooth"))
    # By transformers' formula: 0 at step 0, the full rate at step 20, half of it at step 110.
    full = curve[100.0]
    bottom = curve[0.0]
    assert bottom == 300.0 and full == min(curve.values())
    assert curve[550.0] == pytest.approx((bottom + full) / 2, abs=0.2)
    assert ">1e-4<" in html and ">0<" in html


def test_parts_with_rates_of_their_own_have_curves_of_their_own(shared_app):
    raw = raw_with(
        shared_app, train__learning_rate="1e-4", train__unet_lr="", train__text_encoder_lr="5e-5",
        train__stop_text_encoder_training="30%", optimizer__lr_scheduler="constant",
    )  # fmt: skip
    html = rate_curve(shared_app.form, raw, 1000, "ja")
    unet, text = points(html, "smooth"), points(html, "text")
    assert unet[-1][0] == 999.0 and text[-1][0] == 299.0
    assert text[0][1] == pytest.approx((300 + unet[0][1]) / 2, abs=0.2) and "Text Encoder" in html


def test_a_second_text_encoder_with_a_rate_of_its_own_has_a_curve_of_its_own(shared_app):
    rates = {"train__unet_lr": "1e-4", "train__text_encoder_lr": "5e-5", "train__text_encoder_2_lr": "2.5e-5"}
    raw = raw_with(shared_app, **rates, optimizer__lr_scheduler="constant") | {"model.base": "x/y"}
    html = rate_curve(shared_app.form, raw | {"model.family": "sdxl"}, 100, "en")
    height = {look: 300 - points(html, look)[0][1] for look in ("smooth", "text", "third")}
    assert height["text"] == pytest.approx(height["smooth"] / 2, abs=0.2)
    assert height["third"] == pytest.approx(height["smooth"] / 4, abs=0.2) and "second text encoder" in html
    for other in ({"model.family": "sd1"}, {"model.family": "sdxl", "train.text_encoder_2_lr": ""}):
        assert "second" not in rate_curve(shared_app.form, raw | other, 100, "en")


def test_no_curve_is_drawn_of_settings_that_do_not_hold(shared_app):
    assert rate_curve(shared_app.form, raw_with(shared_app, train__learning_rate="fast"), 100, "en") == ""


def test_an_optimizer_that_finds_the_rate_is_told_apart(shared_app):
    raw = raw_with(
        shared_app, optimizer__optimizer_type="Prodigy", train__learning_rate="1", train__unet_lr="",
        train__text_encoder_lr="",
    )  # fmt: skip
    assert "sets the learning rate itself" in rate_curve(shared_app.form, raw, 100, "en")


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (1e-4, "1e-4"), (0.05, "0.05"), (2.5e-6, "2.5e-6")])
def test_marks_are_written_as_people_write_rates(value, text):
    assert mark_text(value) == text


def test_a_curve_lies_where_its_numbers_are():
    html = plot("t", [Line("smooth", "s", [(0.0, 0.0), (50.0, 2.0), (100.0, 4.0)])], 100.0)
    assert points(html, "smooth") == [(0.0, 300.0), (500.0, 150.0), (1000.0, 0.0)]


def test_the_loss_of_the_held_out_images_is_a_curve_of_its_own():
    losses = Curve((float(n), 1.0) for n in range(1, 5))
    html = loss_chart(losses, 4, "en", Curve([(2.0, 0.5), (4.0, 1.5)]))
    assert "validation images" in html and [x for x, _ in points(html, "validation")] == [500.0, 1000.0]
    assert "validation images" not in loss_chart(losses, 4, "en")


@pytest.mark.parametrize(
    ("total", "steps", "en", "ja"),
    [
        (300, 100, "3 epochs", "3エポック"),
        (100, 100, "1 epoch", "1エポック"),
        (30, 211, "14 % of an epoch", "1エポックの14%"),
        (250, 100, "2.5 epochs", "2.5エポック"),
    ],
)
def test_steps_are_told_in_epochs_as_they_are(total, steps, en, ja):
    assert (epochs_text(total, steps, "en"), epochs_text(total, steps, "ja")) == (en, ja)
