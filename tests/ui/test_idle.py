"""When all runs are done, in the window: what is said where the program is started, and on a page."""

import sys
import threading

import pytest

from core.errors import UserError
from core.when_idle import View
from tests.ui.states import STATES
from ui.run import idle
from ui.serve.options import idle_command
from ui.window.arrivals import Arrivals, Coming


@pytest.fixture
def local(window):
    window.when_idle.command = ()
    yield window
    window.when_idle.set_on(False)
    window.when_idle.command = None


def test_stop_or_a_command_is_given_where_the_program_is_started():
    assert idle_command("stop", is_open=True) == ()
    assert idle_command(f'"{sys.executable}" -c "print(1); x"', False) == (
        sys.executable,
        "-c",
        "print(1); x",
    )
    assert idle_command(None, is_open=False) == () and idle_command(None, is_open=True) is None


@pytest.mark.parametrize("text", ["", "  ", "no-such-program-at-all --now", '"unclosed'])
def test_what_is_no_command_is_refused_in_a_sentence(text):
    with pytest.raises(UserError, match="--when-idle takes stop"):
        idle_command(text, is_open=False)


def test_the_switch_is_there_while_there_are_runs_and_says_what_is_done(local):
    assert idle.idle_html(local, "en") == ""
    STATES["running"](local)
    html = idle.idle_html(local, "en")
    assert "stop the program" in html and "checked" not in html
    idle.act(local, {"act": "idle", "on": "yes"})
    assert " checked>" in idle.idle_html(local, "ja") and "プログラムを終了" in idle.idle_html(local, "ja")
    local.when_idle.command = ("/usr/bin/poweroff", "--force")
    assert "run poweroff<" in idle.idle_html(local, "en")


def test_the_countdown_can_be_ended(local, monkeypatch):
    STATES["done"](local)
    monkeypatch.setattr(local.when_idle, "look", lambda: View(True, (), 42.3))
    assert "stops in 43 s" in idle.idle_html(local, "en") and "終了しない" in idle.idle_html(local, "ja")
    monkeypatch.setattr(local.when_idle, "look", lambda: View(True, ("poweroff",), 42.3))
    assert "Cancel" in idle.idle_html(local, "en") and "取りやめる" in idle.idle_html(local, "ja")
    idle.act(local, {"act": "stay", "on": "", "step": ""})
    assert local.when_idle._answered is local.runner.current


def test_images_that_are_being_generated_keep_the_program_running(window, tmp_path, monkeypatch):
    monkeypatch.setattr(
        window, "arrivals", Arrivals(tmp_path / "sent")
    )  # an earlier test may have sent files
    go = threading.Event()
    window.tries.job.start(lambda report: go.wait(10))
    assert window._is_at_work()
    go.set()
    window.tries.job._thread.join()
    assert not window._is_at_work()


def test_files_that_are_being_sent_keep_the_program_running(window, tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(window, "arrivals", Arrivals(tmp_path / "sent", lambda: now[0]))
    assert not window._is_at_work()
    window.arrivals.append(Coming("frog.png", 8, "1"), 0, b"1234")
    now[0] += 119
    assert window._is_at_work()
    now[0] += 2
    assert not window._is_at_work()


@pytest.mark.parametrize("event", [None, 7, {"act": "idle", "on": ["rm"]}, {"act": "run", "on": "rm"}])
def test_whatever_a_page_sends_switches_nothing_on(window, event):
    STATES["running"](window)
    idle.act(window, event)
    assert window.when_idle.look() is None and idle.idle_html(window, "en") == ""
