"""The system's own dialog: at this computer only, and never for others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.ui.fake import make_window
from ui.app import App
from ui.settings.picking import PICKED, SOURCE
from ui.window import PROJECT, pick
from ui.window.dialog import Dialog, has_desktop, is_available, is_here
from ui.window.paths import Paths


class FakeDialog(Dialog):
    """Answers at once."""

    def __init__(self, answer: Path | None = None) -> None:
        super().__init__()
        self.answer, self.asked = answer, []

    def ask(self, kind, lang):
        self.asked.append((kind, lang))
        return self.answer


def request(host="127.0.0.1", **headers):
    return SimpleNamespace(client=SimpleNamespace(host=host), headers=headers, cookies={})


@pytest.fixture(scope="module")
def desktop(tmp_path_factory):
    """A page on a desktop."""
    window = make_window(tmp_path_factory.mktemp("desktop"))
    window.dialog = FakeDialog()
    return App(window)


def test_buttons_are_seen_by_whoever_sits_before_this_computer_only(desktop):
    picking = desktop.picking
    assert len(picking.rows) == len(PICKED)
    assert all(update["visible"] for update in picking.show(request()).values())
    for other in (request("192.168.1.7"), request(**{"x-forwarded-for": "1.2.3.4"}), SimpleNamespace()):
        assert not any(update["visible"] for update in picking.show(other).values())


def test_a_window_without_dialog_has_no_button_at_all(app):
    assert app.picking.rows == [] and app.picking.show(request()) == {}


def test_what_was_picked_stands_in_the_field_and_may_be_read_in_this_session(desktop, tmp_path):
    model = tmp_path / "models" / "a.safetensors"
    model.parent.mkdir()
    model.touch()
    window = desktop._window
    window.dialog.answer = model
    assert desktop.picking.pick("model.base", "model", "ja", request())["value"] == str(model)
    assert window.dialog.asked[-1] == ("model", "ja")
    assert window.draft.values["model.base"] == str(model)
    assert str(model) in window.paths.find().models
    window.dialog.answer = tmp_path / "models"
    assert desktop.picking.pick(SOURCE, "folder", "en", request())["value"] == str(tmp_path / "models")


def test_a_request_from_elsewhere_opens_nothing_even_if_it_is_forged(desktop, tmp_path):
    window = desktop._window
    window.dialog.answer, before = tmp_path, len(window.dialog.asked)
    assert "value" not in desktop.picking.pick("model.base", "model", "en", request("10.0.0.9"))
    local, window.paths = window.paths, Paths(PROJECT, window.workspace, (), is_local=False)
    try:
        assert "value" not in desktop.picking.pick("model.base", "model", "en", request())
        with pytest.raises(ValueError):
            window.paths.allow(tmp_path)
    finally:
        window.paths = local
    assert len(window.dialog.asked) == before


def test_a_closed_dialog_changes_nothing(desktop):
    desktop._window.dialog.answer = None
    assert "value" not in desktop.picking.pick("model.vae", "model", "en", request())


def test_the_child_gets_a_fixed_command_and_one_dialog_is_open_at_a_time(tmp_path):
    commands = []

    def run(command, **more):
        commands.append(command)
        assert dialog.ask("folder", "en") is None  # while this one is open
        return SimpleNamespace(stdout=b'{"path": "/x y"}')

    dialog = Dialog(run)
    assert dialog.ask("model", "ja") == Path("/x y")
    assert commands == [[sys.executable, "-m", "ui.window.pick", "model", "ja"]]
    assert dialog.ask("; touch x", "en") is None and len(commands) == 1


@pytest.mark.parametrize("fault", [subprocess.TimeoutExpired("x", 1), OSError(), None])
def test_a_dialog_that_fails_is_as_one_that_was_closed(fault):
    def run(command, **more):
        if fault:
            raise fault
        return SimpleNamespace(stdout=b"no json")

    dialog = Dialog(run)
    assert dialog.ask("model", "en") is None
    assert dialog.ask("model", "en") is None  # and it can be opened again


def test_the_child_refuses_what_it_does_not_know_and_needs_no_window_for_that():
    assert pick.main(["shell", "en"]) == pick.main([]) == 2
    assert "tkinter" not in sys.modules


def test_without_display_or_over_ssh_there_is_no_dialog(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not has_desktop() and not is_available()
    monkeypatch.setenv("DISPLAY", ":0")
    assert has_desktop()
    monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 5 6 7")
    assert not has_desktop()


def test_ones_own_computer_is_told_from_others():
    assert is_here(request("::1")) and not is_here(request("::2")) and not is_here(None)
