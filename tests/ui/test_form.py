"""The form as a whole: what it collects, refuses, fills and keeps."""

from __future__ import annotations

import json

import pytest

from core.config import presets
from core.config.check import check
from core.config.file import toml_text
from core.errors import ConfigError
from core.runs import sample_prompts
from tests.ui.fake import demo_raw, make_window
from ui.settings.form import Form
from ui.window import PROJECT, Draft

SHIPPED, _ = presets.presets([PROJECT / "presets"])


def test_the_demo_is_filled_in_and_passes_the_check(shared_app):
    text, checked = shared_app.form.check(demo_raw(shared_app), "en")
    assert checked.config.model.base == str(PROJECT / "demo" / "base.safetensors")
    assert checked.config.save.output_dir == str(shared_app._window.output)
    assert check(text).config == checked.config


def test_paths_leave_the_form_absolute_and_come_back_short(shared_app):
    form = shared_app.form
    values = form.collect(demo_raw(shared_app))
    assert values["dataset.train_data_dir"] == str(PROJECT / "demo" / "train")
    assert form.shown(values)["dataset.train_data_dir"] == "demo/train"


def test_options_of_another_method_are_left_out(shared_app):
    raw = {**demo_raw(shared_app), "network.method": "none"}
    values = shared_app.form.collect(raw)
    assert "network.rank" not in values and values["network.method"] == "none"
    _, checked = shared_app.form.check(raw, "en")
    assert not [notice for notice in checked.notices if notice.code == "W-CFG-UNUSED"]


def test_the_comments_of_the_run_file_follow_the_language(shared_app):
    raw = demo_raw(shared_app)
    assert "学習率" in shared_app.form.text(raw, "ja") and "Learning rate" in shared_app.form.text(raw, "en")


@pytest.mark.parametrize("found", SHIPPED, ids=lambda p: p.name)
def test_a_shipped_preset_comes_through_the_page(shared_app, found):
    form = shared_app.form
    updates = shared_app.bar.apply(f"shipped/{found.name}", "en")
    filled = {key: updates[c]["value"] for key, c in form.components.items() if c in updates}
    _, checked = form.check({**demo_raw(shared_app), **filled}, "en")
    values = toml_text.values_of(checked.config)
    expected = dict(found.values)
    if "log.logging_dir" in expected:  # what is written is written below the workspace
        expected["log.logging_dir"] = str(shared_app._window.workspace / "logs")
    assert {key: values[key] for key in expected} == expected


def test_every_problem_of_the_page_is_told_at_once(shared_app):
    raw = {**demo_raw(shared_app), "train.learning_rate": "fast", "dataset.train_batch_size": 0}
    with pytest.raises(ConfigError) as error:
        shared_app.form.check(raw, "en")
    assert {p.key for p in error.value.problems} == {"train.learning_rate", "dataset.train_batch_size"}
    assert all(p.line for p in error.value.problems)


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("model.base", "/etc/passwd"),
        ("model.base", "core/train"),
        ("save.output_dir", "../../elsewhere"),
        ("save.output_dir", "demo/output"),
        ("save.resume", "/root"),
        *(
            ("sample.sample_prompts", f"/etc/secret{end}")
            for end in (".txt", ".json", ".toml", ".JSON", ".Txt ")
        ),
        ("sample.sample_prompts", "\n /etc/secret.toml \n\n"),
        ("log.logging_dir", "/tmp/logs"),
        ("model.vae", "~/vae.ckpt"),
    ],
)
def test_others_than_the_owner_reach_no_path_outside(shared_app, tmp_path, key, typed):
    window = make_window(tmp_path, is_local=False)
    form = Form(window.paths)
    raw = {**demo_raw(shared_app), "save.output_dir": str(window.output)}
    assert form.check(raw, "en")
    with pytest.raises(ConfigError) as error:
        form.check({**raw, key: typed}, "en")
    assert [problem.key for problem in error.value.problems] == [key]


def test_no_prompt_that_the_form_lets_through_names_a_file_outside(shared_app, tmp_path):
    """Held by one list of endings: what the training takes for a file is what the form confines."""
    form = Form(make_window(tmp_path, is_local=False).paths)
    secret = tmp_path / "secret"
    for end in sample_prompts.FILES:
        secret.with_suffix(end).write_text('[{"prompt": "of the owner"}]', encoding="utf-8")
        for typed in (f"{secret}{end}", f"{secret}{end.upper()} ", f"\n\t{secret}{end}\n"):
            with pytest.raises(ConfigError):
                form.check({**demo_raw(shared_app), "sample.sample_prompts": typed}, "en")
    assert form.collect({"sample.sample_prompts": "a frog.txt\nb"})["sample.sample_prompts"] == [
        "a frog.txt",
        "b",
    ]


@pytest.mark.parametrize("is_local", [True, False])
def test_a_model_may_be_named_by_its_id_on_the_hub(shared_app, tmp_path, is_local):
    window = make_window(tmp_path, is_local=is_local)
    raw = {**demo_raw(shared_app), "save.output_dir": str(window.output)}
    name, vae = "stable-diffusion-v1-5/stable-diffusion-v1-5", "stabilityai/sd-vae-ft-mse"
    form = Form(window.paths)
    values = form.collect({**raw, "model.base": f" {name} ", "model.vae": vae})
    assert (values["model.base"], values["model.vae"]) == (name, vae)
    assert shared_app.form.shown(values)["model.base"] == name


def test_what_lies_here_wins_over_an_id_of_the_same_form(shared_app):
    values = shared_app.form.collect({**demo_raw(shared_app), "model.base": "demo/base_config"})
    assert values["model.base"] == str(PROJECT / "demo" / "base_config")


def test_a_log_prefix_is_a_name_and_no_path(shared_app):
    raw = {**demo_raw(shared_app), "log.logging_dir": "logs", "log.log_prefix": "../../x"}
    with pytest.raises(ConfigError):
        shared_app.form.check(raw, "en")


def test_what_was_typed_is_kept_over_a_restart(tmp_path):
    path = tmp_path / "window.json"
    Draft(path).keep({"train.learning_rate": "half typ", "level": "expert"})
    assert Draft(path).values == {"train.learning_rate": "half typ", "level": "expert"}


def test_a_damaged_or_strange_draft_is_no_draft(tmp_path):
    path = tmp_path / "window.json"
    path.write_text("[1, 2", encoding="utf-8")
    assert Draft(path).values == {}
    path.write_text(json.dumps({"train.seed": ["x"], "nosuch.key": 1, "train.max_train_steps": 5}), "utf-8")
    assert Draft(path).values == {"train.max_train_steps": 5}


def test_the_language_is_chosen_by_cookie_then_option_then_browser(window):
    assert window.language("ja-JP,ja;q=0.9,en;q=0.8", "") == "ja"
    assert window.language("de,en;q=0.5,ja;q=0.4", "") == "en"
    assert window.language("ja", f"en.{window.token}") == "en"
    window.lang = "ja"
    assert window.language("en", "") == "ja"
    assert window.language("en", "en.earlier") == "ja"
    assert window.language("ja", f"en.{window.token}") == "en"


def test_every_list_in_the_built_page_has_names_and_values(shared_app):
    lists = [b for b in shared_app.blocks.blocks.values() if hasattr(b, "choices")]
    assert len(lists) > 15
    assert all(isinstance(choice, tuple) and len(choice) == 2 for b in lists for choice in b.choices)
