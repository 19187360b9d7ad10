"""A preset or an import changes how to train, and of the user's own only what it names."""

import json

import pytest

from core.config import presets
from tests.ui.fake import demo_raw
from tests.ui.session import Session
from tests.ui.test_widgets import other_value
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.difference import changes
from ui.settings.recipe import shown_then
from ui.window import Draft

SHIPPED = presets.presets([presets.SHIPPED])[0]
names = pytest.mark.parametrize("found", SHIPPED, ids=lambda p: p.name)


def fields(app, updates):
    return {key: updates[c]["value"] for key, c in app.form.components.items() if c in updates}


THEIRS = {key for key in OPTIONS if key.split(".")[0] in ("sample", "log")} | {
    *("train.seed", "dataset.skip_bad_images", "save.output_name", "save.output_dir", "save.resume"),
    *("model.base", "model.vae", "dataset.train_data_dir", "dataset.reg_data_dir", "save.metadata_author"),
}
"""What no preset has to do with, unless it names it."""


@pytest.fixture
def own(app, window):
    """The page of a user who has set everything that is theirs to something of their own."""
    raw = demo_raw(app)
    raw |= {key: widgets.shown(OPTIONS[key], other_value(OPTIONS[key])) for key in THEIRS}
    window.draft.keep(raw)
    return raw


@names
def test_a_preset_changes_what_it_names_and_no_setting_of_the_persons_own(app, own, found):
    after = own | fields(app, app.bar.apply(f"shipped/{found.name}", "en"))
    assert {key for key in THEIRS if after[key] != own[key]} <= set(found.values)
    read = app.form.read(after)
    named = {
        key: widgets.read(OPTIONS[key], widgets.shown(OPTIONS[key], v)) for key, v in found.values.items()
    }
    assert {key: read[key] for key in named if key != "log.logging_dir"} == {
        key: value for key, value in named.items() if key != "log.logging_dir"
    }


@names
def test_the_samples_stay_on_as_the_demo_has_them(app, found):
    after = demo_raw(app) | fields(app, app.bar.apply(f"shipped/{found.name}", "en"))
    assert after["sample.sample_every_n_steps"] == "100" and after["sample.sample_at_first"] is True


@names
def test_the_list_of_changes_is_what_then_changes(app, window, own, found):
    told = {option.key for option, _, _ in changes(own, shown_then(window, app.form, found.values))}
    after = own | fields(app, app.bar.apply(f"shipped/{found.name}", "en"))
    read = app.form.read(after)
    assert told == {
        key for key, value in app.form.read(own).items() if read[key] != value and OPTIONS[key].is_used(read)
    }


@names
def test_a_preset_that_saves_often_keeps_a_number_of_files(found):
    values = found.values
    if "save.save_every_n_epochs" in values:
        assert 1 <= values["save.save_last_n_epochs"] <= 10
    assert "save.save_every_n_steps" not in values or "save.save_last_n_steps" in values


def kohya(**settings):
    return json.dumps({"LoRA_type": "Standard", "network_dim": 8, **settings})


def take(page, text):
    page.do(page.app.bar.parts["paste"], "submit", {"act": "take", "fields": {"text": text}})


def test_sample_prompts_and_log_folder_of_an_import_do_not_stay_for_the_next(app):
    page, field = Session(app), app.form.components
    keys = ("sample.sample_prompts", "sample.sample_every_n_steps", "log.logging_dir")
    before = {key: page.shown[field[key]] for key in keys}
    take(page, kohya(sample_prompts="a cat", sample_every_n_steps=7, logging_dir="/cats"))
    assert [page.shown[field[key]] for key in keys] == ["a cat", "7", "/cats"]
    take(page, kohya())
    assert {key: page.shown[field[key]] for key in keys} == before


def test_what_a_person_has_typed_over_an_import_stays_for_the_next(app, window):
    page, prompts = Session(app), app.form.components["sample.sample_prompts"]
    take(page, kohya(sample_prompts="a cat"))
    window.draft.keep({"sample.sample_prompts": "my own cat"})
    page.put(prompts, "my own cat")
    take(page, kohya())
    assert page.shown[prompts] == "my own cat"


def test_what_an_import_has_brought_is_known_after_a_restart(tmp_path):
    path = tmp_path / "window.json"
    Draft(path).keep({"train.seed": "7"}, {"train.seed": ("7", "42")})
    assert Draft(path).lent == {"train.seed": ("7", "42")} and Draft(path).values == {"train.seed": "7"}
    path.write_text(
        json.dumps({"lent": {"train.seed": [[1], 2], "x.y": [1, 2], "train.precision": 5}}), "utf-8"
    )
    assert Draft(path).lent == {}


@pytest.mark.parametrize("act", ["import", "file", "reset", "datasets"])
def test_the_preset_applied_before_is_no_longer_named(app, act, tmp_path, frogs):
    page, parts, name = Session(app), app.bar.parts, "SD 1.5 LoRA: character or object (8 GB)"
    applied = {"act": "apply", "on": "shipped/sd15-character-lora-8gb"}
    page.do(parts["note"], "submit", applied)
    assert f"Preset applied: {name}" in page.shown[parts["told"]] and name in page.shown[parts["choice"]]
    path = tmp_path / "run.toml"
    path.write_text("format = 1\n[model]\nbase='m'\n[dataset]\ntrain_data_dir='t'\n", encoding="utf-8")
    datasets = f"[[datasets]]\n[[datasets.subsets]]\nimage_dir = '{frogs}'\n"
    if act == "reset":
        page.do(parts["menu"], "submit", {"act": "reset"})
    elif act == "file":
        assert name not in app.bar.open(str(path), "en")[parts["choice"]]
        return
    else:
        take(page, kohya() if act == "import" else datasets)
    assert "applied" not in page.shown[parts["told"]]
    assert (name in page.shown[parts["choice"]]) == (act == "datasets")
