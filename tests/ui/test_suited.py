"""The offer on the Model tab, and the list of presets, for a base model of another family."""

from __future__ import annotations

import json
import re

import pytest

from tests.golden import names
from tests.headers import write_header
from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.run.next_step import invitation_html
from ui.settings.visibility import hidden_style
from ui.window import Draft

SHOWN = {
    "dataset.resolution": "1024",
    "dataset.min_bucket_reso": "512",
    "dataset.max_bucket_reso": "2048",
    "train.text_encoder_lr": "0",
    "train.gradient_checkpointing": True,
    "train.precision": "bf16",
}
"""What suits SDXL as the fields show it; the demo caches latents already."""


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    listed = {"xl": "ldm_keys_sdxl", "sd1": "ldm_keys_sd15"}
    return {
        name: write_header(folder / f"{name}.safetensors", names(which)) for name, which in listed.items()
    }


@pytest.fixture
def page(app, window, bases):
    window.paths.allow(bases["xl"].parent)
    return Session(app)


def choose(page, app, base):
    page.put(app.form.components["model.base"], str(base))
    return page.answers(app.form.components["model.base"], "input")


def act(page, app, part):
    """Press a button of the offer; what the page shows after it."""
    page.do(app.suited.parts[part], "click")
    raw = {key: page.shown[component] for key, component in app.form.components.items()}
    return raw, app.suited.show(raw, "en")[app.suited.parts["box"]]["visible"]


def test_the_demos_model_is_offered_nothing(app):
    assert app.suited.show(demo_raw(app), "en")[app.suited.parts["text"]] == ""


def test_an_sdxl_file_is_told_and_what_suits_it_is_offered_and_not_applied(page, app, bases):
    answers = choose(page, app, bases["xl"])
    html = page.shown[app.suited.parts["text"]]
    assert answers[app.suited.parts["box"]]["visible"] and "Stable Diffusion XL" in html
    assert "Stable Diffusion XL" in page.shown[app.model["base"]]
    rows = ("Resolution", "128", "1024"), ("Largest bucket side", "256", "2048"), ("Gradient", "off", "on")
    for row in rows:
        assert all(f"{part}" in html for part in row), row
    assert {key: page.shown[app.form.components[key]] for key in SHOWN} == {
        key: demo_raw(app)[key] for key in SHOWN
    }


def test_what_is_offered_is_set_at_a_click_and_then_offered_no_more(page, app, bases):
    choose(page, app, bases["xl"])
    raw, is_offered = act(page, app, "apply")
    assert {key: raw[key] for key in SHOWN} == SHOWN and not is_offered
    assert {key: app._window.draft.values[key] for key in SHOWN} == SHOWN


def test_after_it_the_learning_rate_is_still_said_to_be_the_demos(page, app, window, bases):
    choose(page, app, bases["xl"])
    act(page, app, "apply")
    assert "settings are still those of the demo" in invitation_html(window, "en")
    page.put(app.form.components["train.learning_rate"], "1e-4")
    choose(page, app, bases["xl"])
    assert "settings are still those of the demo" not in invitation_html(window, "en")


def test_what_was_declined_is_not_offered_again_also_by_the_next_window(page, app, window, bases):
    choose(page, app, bases["xl"])
    raw, is_offered = act(page, app, "keep")
    assert raw["dataset.resolution"] == "128" and not is_offered
    choose(page, app, "demo/base.safetensors")
    choose(page, app, bases["xl"])
    assert page.shown[app.suited.parts["text"]] == ""
    window.draft = Draft(window.workspace / "window.json")
    assert app.suited.show(raw, "en")[app.suited.parts["text"]] == ""


def test_a_value_that_was_not_declined_is_offered(page, app, bases):
    choose(page, app, bases["xl"])
    act(page, app, "keep")
    page.put(app.form.components["dataset.resolution"], "512")
    choose(page, app, bases["xl"])
    assert "512" in page.shown[app.suited.parts["text"]]


def test_on_the_way_back_to_sd1_ones_own_values_come_back(page, app, bases):
    own = {"dataset.resolution": "576,512", "train.text_encoder_lr": "", "train.precision": "no"}
    for key, value in own.items():
        page.put(app.form.components[key], value)
    choose(page, app, bases["xl"])
    act(page, app, "apply")
    choose(page, app, bases["sd1"])
    raw, is_offered = act(page, app, "apply")
    assert {key: raw[key] for key in own} == own and not is_offered
    assert (raw["dataset.min_bucket_reso"], raw["dataset.max_bucket_reso"]) == ("256", "1024")


def listed(app):
    """The names of the presets in the list, in its order."""
    return re.findall('data-on="([^"]+)"', app.bar.listed("en")[app.bar.parts["list"]])


def test_a_preset_for_the_family_is_taken_as_it_is(page, app, bases):
    choose(page, app, bases["xl"])
    bar = app.bar
    every = [name for name in listed(app) if name.startswith("shipped/sdxl")]
    assert len(every) >= 8
    for name in every:
        bar.apply(name, "en")
        raw = demo_raw(app) | app._window.draft.values
        assert app.suited.show(raw, "en")[app.suited.parts["text"]] == "", name


def test_settings_that_a_file_from_elsewhere_decides_are_read_as_far_as_they_hold(window):
    path = window.workspace / "window.json"
    for decided in (5, ["x"], {"sdxl": 1}, {"sdxl": {"no.such": 1, "dataset.resolution": ["x"]}}):
        path.write_text(json.dumps({"decided": decided}), encoding="utf-8")
        assert all(values == {} for values in Draft(path).decided.values())


def test_presets_for_the_base_model_come_first_and_the_others_are_folded_and_grey(page, app, bases):
    choose(page, app, bases["xl"])
    html = page.do(app.bar.parts["choice"], "click")[app.bar.parts["list"]]
    fits, _, others = html.partition("<details>")
    assert "shipped/sdxl-object-lora-8gb" in fits and "shipped/sd15" not in fits and "is-far" not in fits
    assert "shipped/sd15-object-lora-8gb" in others and others.count("is-far") == others.count("data-on")


def test_a_preset_for_other_models_can_be_chosen_and_is_told(page, app, bases):
    choose(page, app, bases["xl"])
    looked = {"act": "look", "on": "shipped/sd15-object-lora-8gb"}
    assert "This preset is for SD1;" in page.do(app.bar.parts["list"], "click", looked)[app.bar.parts["note"]]
    page.do(app.bar.parts["note"], "submit", {**looked, "act": "apply"})
    assert "SD 1.5 LoRA: simple object" in page.shown[app.bar.parts["choice"]]


def test_a_preset_of_ones_own_is_for_the_models_it_was_made_with(page, app, window, bases):
    app.bar.keep(demo_raw(app), "mine", "en")
    choose(page, app, bases["xl"])
    fits, _, others = page.do(app.bar.parts["choice"], "click")[app.bar.parts["list"]].partition("<details>")
    assert "own/mine" not in fits and "own/mine" in others


def test_options_of_the_family_are_shown_and_those_of_others_hidden(app, window, bases):
    window.paths.allow(bases["xl"].parent)
    raw = demo_raw(app)
    hidden = {n: hidden_style(app.form, raw | {"model.base": str(b)}, "expert") for n, b in bases.items()}
    for name in ("train-text-encoder-2-lr", "train-size-condition"):
        assert f"#opt-{name}" in hidden["sd1"] and f"#opt-{name}" not in hidden["xl"]
    assert "#opt-model-clip-skip" in hidden["xl"] and "#opt-model-clip-skip" not in hidden["sd1"]
