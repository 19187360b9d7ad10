"""The window's form makes of the same settings what every other reader makes of them."""

from __future__ import annotations

from core.config.check import check
from core.config.file import toml_text
from tests.config.test_readers import NAMED, OURS, differences


def test_the_windows_form_makes_the_same_of_the_same_settings(shared_app):
    form = shared_app.form
    raw = form.shown(toml_text.values_of(check(OURS, NAMED).config))
    _, checked = form.check({**raw, "model.base": "demo/base.safetensors"}, "en")
    assert differences(toml_text.values_of(checked.config)) == {}
