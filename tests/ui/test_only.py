"""One window to a workspace: what a second start does."""

from __future__ import annotations

import contextlib
import os
import threading
import time

import pytest

import gui
from core.errors import EXIT_DONE, UserError
from tests.ui.browser import gui_py, window
from ui.serve import single_instance, start
from ui.serve.server import listening_socket, private_cache


def second_start(workspace, monkeypatch, *options):
    """A start as on a desktop: its exit code, what it printed, what it opened in the browser."""
    printed, opened = [], []
    monkeypatch.setattr(start, "has_desktop", lambda: True)
    monkeypatch.setattr(start.webbrowser, "open", opened.append)
    chosen = gui.options().parse_args(["--workspace", str(workspace), *options])
    code = start._run(chosen, workspace / "log", lambda key, **values: printed.append((key, values)))
    return code, printed, opened


@pytest.fixture
def first(tmp_path):
    """A workspace that a window is open on, and the window's address."""
    with listening_socket("127.0.0.1", None) as sock, single_instance.claimed(tmp_path) as other:
        assert other is None
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        single_instance.publish(tmp_path, url)
        yield tmp_path, url


def test_a_second_double_click_shows_the_window_that_is_open(first, monkeypatch):
    workspace, url = first
    told = ("console.there", {"url": url})
    assert second_start(workspace, monkeypatch) == (EXIT_DONE, [told], [url])
    assert second_start(workspace, monkeypatch, "--no-browser") == (EXIT_DONE, [told], [])


def test_two_programs_share_no_workspace(tmp_path):
    with window(tmp_path) as process:
        done = gui_py("--workspace", str(tmp_path), "--lang", "en")
        assert done.stdout.strip() == f"Rareword is already open at {process.url}"
        assert done.returncode == 0
    assert (
        not (tmp_path / single_instance.ADDRESS).exists() and not (tmp_path / single_instance.LOCK).exists()
    )


@pytest.mark.parametrize(
    "asked",
    [["--share"], ["--listen", "0.0.0.0"], ["--port", "1"], ["--auth", "me:secret"], ["--preset", "x"]],
)
def test_a_second_start_that_asks_for_another_kind_of_window_is_refused(asked, first, monkeypatch):
    workspace, url = first
    with pytest.raises(UserError, match="close it first") as refused:
        second_start(workspace, monkeypatch, *asked)
    (problem,) = refused.value.problems
    assert problem.code == "E-WINDOW-OPEN" and url in problem.text("ja")


def test_nobody_is_led_to_an_address_where_nobody_answers(tmp_path, monkeypatch):
    with single_instance.claimed(tmp_path):
        single_instance.publish(tmp_path, "http://127.0.0.1:1")  # of another computer that shares the folder
        with pytest.raises(UserError, match="--workspace"):
            second_start(tmp_path, monkeypatch)


def test_a_start_waits_for_a_window_that_is_closing(tmp_path):
    closing = contextlib.ExitStack()
    closing.enter_context(single_instance.claimed(tmp_path))
    threading.Timer(0.5, closing.close).start()
    with single_instance.claimed(tmp_path) as other:
        assert other is None


def test_a_window_whose_address_does_not_become_known_is_left_alone(first):
    workspace, _ = first
    single_instance.withdraw(workspace)
    with single_instance.claimed(workspace, patience=0.3) as other:
        assert other == ""
    assert (workspace / single_instance.LOCK).exists()


def test_what_a_killed_window_left_is_no_hindrance(tmp_path):
    single_instance.publish(tmp_path, "http://127.0.0.1:7860")
    (tmp_path / single_instance.LOCK).write_bytes(b"")
    with single_instance.claimed(tmp_path) as other:
        assert other is None
        assert not (tmp_path / single_instance.ADDRESS).exists()


def test_uploads_of_a_window_that_had_no_time_to_clear_up_are_removed_after_two_days(tmp_path):
    old, young = tmp_path / "cache" / "window-old", tmp_path / "cache" / "window-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "image.png").write_bytes(b"x")
    os.utime(old, (0, time.time() - 2 * 24 * 3600 - 60))
    fresh = private_cache(tmp_path)
    assert sorted(path for path in fresh.parent.iterdir()) == sorted([fresh, young])
