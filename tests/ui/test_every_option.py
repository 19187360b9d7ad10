"""Every option set to another value in the page, saved by the page's button and opened again, is the same."""

from __future__ import annotations

import pytest

from core.config.check import check
from core.config.file import toml_text
from core.errors import ConfigError
from tests.test_options import met
from tests.ui.test_widgets import other_value
from ui.parts.options import OPTIONS, defaults
from ui.settings import widgets
from ui.window import PROJECT

DEMO = PROJECT / "demo"
NEEDED = {
    "model.base": str(DEMO / "base.safetensors"),
    "dataset.train_data_dir": str(DEMO / "train"),
    "network.weights": str(DEMO / "lora.safetensors"),
    "sample.sample_prompts": ("p",),
}
"""What some options have no effect without."""


def base_for(*options):
    """A base model that has these options: the demo's, or one of which nothing is known yet."""
    return {} if all(option.is_of("sd1") for option in options) else {"model.base": "someone/some-model"}


def on_the_page(app, option):
    """The page's fields with this option, and what it needs, set to something else than the default."""
    value = other_value(option)
    assert value != option.default
    values = {**defaults(), **NEEDED, **base_for(option), **met(option), option.key: value}
    if option.key == "dataset.dataset_config":
        values["dataset.train_data_dir"] = ""  # it names the images alone
    return app.form.shown(values)


def together(options):
    """Run files of as many of these options as go together, as (keys, values); each option is in one."""
    left = dict(options)
    while left:
        chosen, taken = {}, []
        for key, option in left.items():
            more = {**met(option), key: other_value(option)}
            if more.keys() & chosen.keys() and any(chosen.get(k, v) != v for k, v in more.items()):
                continue
            base = base_for(option, *(OPTIONS[one] for one in taken))
            values = {**defaults(), **NEEDED, **base, **chosen, **more}
            if values["dataset.dataset_config"]:
                values["dataset.train_data_dir"] = ""
            used = {k: v for k, v in values.items() if OPTIONS[k].is_used(values)}
            if {*taken, key} <= used.keys() and passes(used):
                chosen, taken, run_file = chosen | more, [*taken, key], used
        assert taken
        left = {key: option for key, option in left.items() if key not in taken}
        yield taken, run_file


def absolute(text):
    """The values of a run file, with paths as the page writes them."""
    values = toml_text.values_of(check(text).config)
    paths = {key for key, option in OPTIONS.items() if option.meta.path}

    def full(value):
        if isinstance(value, tuple):
            return tuple(full(part) for part in value)
        return str(PROJECT / value) if value else value

    return {key: full(value) if key in paths else value for key, value in values.items()}


def passes(values):
    try:
        return check(toml_text.dumps(values))
    except ConfigError:
        return None


def saved_and_opened(app, raw, folder):
    """The fields after Save, and Open with the file that was saved."""
    text = app.bar.save(raw, "en")[app.bar.parts["text"]]
    assert text
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    updates = app.bar.open(path, "en")
    opened = {key: updates[c]["value"] for key, c in app.form.components.items() if c in updates}
    return text, opened


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda o: o.key)
def test_what_is_set_in_the_page_is_there_after_saving_and_opening(app, tmp_path, option):
    raw = on_the_page(app, option)
    text, opened = saved_and_opened(app, raw, tmp_path)
    assert opened[option.key] == raw[option.key]
    config = toml_text.values_of(check(text).config)
    assert widgets.shown(option, config[option.key]) is not None and config[option.key] != option.default
    used = app.form.collect(raw)
    assert {key: opened[key] for key in used} == {key: raw[key] for key in used}
    assert app.form.collect(opened) == used


@pytest.mark.browser
def test_a_browser_opens_every_option_and_saves_the_same_again(look, tmp_path):
    page = look("en")
    page.files()
    covered = []
    for n, (keys, values) in enumerate(together(OPTIONS)):
        path = tmp_path / f"file-{n}.toml"
        path.write_text(toml_text.dumps(values), encoding="utf-8")
        with page.page.expect_file_chooser() as choosing:
            page.page.locator("#file-open").click()
        choosing.value.set_files(path)
        page.page.wait_for_selector(f"#preset-said >> text=Settings opened: file-{n}")
        with page.page.expect_download() as waiting:
            page.page.locator("#file-save button").click()
        saved, expected = absolute(waiting.value.path().read_text("utf-8")), absolute(path.read_text("utf-8"))
        assert {key: saved[key] for key in values} == {key: expected[key] for key in values}
        covered += keys
    assert sorted(covered) == sorted(OPTIONS)
