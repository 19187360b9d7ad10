"""From the command line's options to an open window, and from Ctrl-C to a saved run."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import shutil
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from core import signals
from core.catalog import Words
from core.console import calm_threads, language, take_over
from core.errors import EXIT_BUG, EXIT_DONE, EXIT_REFUSED, UserError
from core.files import write_private
from core.runner import RunHandle
from ui.serve import messages, single_instance
from ui.serve.login import Login
from ui.serve.options import USER, given_auth, idle_command, make_login, proxy_of
from ui.serve.server import DIRECT, LOOPBACK, Proxy, Served, listening_socket, private_cache, serve, share
from ui.text import say
from ui.window import PROJECT, Window, named_preset
from ui.window.dialog import Dialog, has_desktop, is_available
from ui.window.paths import Paths

Report = Callable[..., None]

_TAKEN = (13, 48, 98, 10013, 10048)
"""What systems say when a port can't be had: EACCES, EADDRINUSE on macOS, Linux and Windows."""


def run(chosen: argparse.Namespace) -> int:
    """Open the window, wait until it is closed. Returns the exit code."""
    lang = language(chosen.lang)
    log_path = PROJECT / "logs" / "window.log"
    calm_threads()
    console = take_over(log_path)

    def report(key: str, **values: object) -> None:
        print(say(key, lang, **values), file=console, flush=True)

    try:
        return _run(chosen, log_path, report)
    except UserError as e:
        for problem in e.problems:
            print(problem.text(lang), file=console)
        return EXIT_REFUSED
    except Exception:
        logging.getLogger(__name__).exception("the window failed")
        report("app.fault", path=log_path)
        return EXIT_BUG


def _run(chosen: argparse.Namespace, log_path: Path, report: Report) -> int:
    proxy = proxy_of(chosen.host_name, chosen.root_path)
    auth = given_auth(chosen.auth, chosen.auth_file)
    # Whoever reaches a proxy reaches the window behind it.
    is_open = chosen.share or chosen.listen not in LOOPBACK or proxy != DIRECT
    workspace = Path(chosen.workspace or PROJECT / "workspace").expanduser().resolve()
    try:
        workspace.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise _unwritable(workspace, e) from e
    with single_instance.claimed(workspace) as other:
        if other is not None:
            is_plain = not (chosen.root or chosen.preset or chosen.when_idle or is_open) and auth is None
            return _lead(chosen, workspace, other, is_plain, report)
        login, made = make_login(auth, is_open)
        window = make_window(chosen, workspace, is_open, log_path)
        return _open(chosen, window, Entry(login, made, proxy), report)


@dataclass(frozen=True)
class Entry:
    """How people come in. made: the password, when it was made here, to be printed."""

    login: Login | None
    made: str
    proxy: Proxy


def _lead(chosen: argparse.Namespace, workspace: Path, url: str, is_plain: bool, report: Report) -> int:
    """Show the window that is open already. Raises UserError when that one can't be what is asked for."""
    is_there = chosen.port in (None, urlsplit(url).port)
    if not is_plain or not is_there or not single_instance.answers(url):
        where = Words(f" ({url})", f"（{url}）") if url else ""
        raise UserError(messages.WINDOW_OPEN(path=workspace, url=where))
    report("console.there", url=url)
    if not chosen.no_browser and has_desktop():
        webbrowser.open(url)
    return EXIT_DONE


def _open(chosen: argparse.Namespace, window: Window, entry: Entry, report: Report) -> int:
    """Serve the window and wait for its end."""
    try:
        try:
            sock = listening_socket(chosen.listen, chosen.port)
        except OSError as e:
            is_taken = chosen.port is not None and e.errno in _TAKEN
            key = "console.port" if is_taken else "console.host"
            report(key, port=chosen.port, host=chosen.listen, why=e.strerror)
            return EXIT_REFUSED
        served = serve(window, chosen.listen, sock, entry.login, entry.proxy)
        single_instance.publish(window.paths.workspace, served.url)
        _announce(chosen, served, entry, report)
        _show(chosen, served, entry, window.cache)
        # What the start has made stays to the end: to look for garbage in it only keeps answers waiting.
        gc.freeze()
        return _wait(window, served, report)
    finally:
        window.tensorboard.stop()
        shutil.rmtree(window.cache, ignore_errors=True)


def _announce(chosen: argparse.Namespace, served: Served, entry: Entry, report: Report) -> None:
    """Say where the window is and how to get in."""
    login, url = entry.login, served.url
    report("console.open", url=url)
    if chosen.share:
        url = _share(served, report) or url
    if login is not None:
        if entry.made:
            report("console.login", user=USER, password=entry.made)
        report("console.once", url=f"{url}/?token={login.token}")
    report("console.stop")


def _show(chosen: argparse.Namespace, served: Served, entry: Entry, folder: Path) -> None:
    """Open a browser where there is a desktop. folder: this user's own."""
    if chosen.no_browser or not has_desktop():
        return
    if entry.login is None or chosen.share:
        webbrowser.open(served.url)
        return
    # By a file, since everybody on this computer can read what a browser was started with. With a link of its
    # own: the one that is printed stays good for another device.
    page, link = folder / "open.html", f"{served.url}/?token={entry.login.invite()}"
    write_private(page, f'<!doctype html><meta http-equiv="refresh" content="0; url={link}">')
    webbrowser.open(page.as_uri())


def _share(served: Served, report: Report) -> str:
    """The share link, or "" and one sentence why there is none."""
    try:
        url = share(served)
    except (OSError, RuntimeError, ValueError, httpx.HTTPError) as e:
        why = str(e).strip().splitlines()[0] if str(e).strip() else type(e).__name__
        report("console.share.failed", why=why.rstrip("."))
        return ""
    report("console.open", url=url)
    report("console.share")
    return url


def make_window(chosen: argparse.Namespace, workspace: Path, is_open: bool, log_path: Path) -> Window:
    """The window's own state. Raises UserError when the preset can't be read."""
    missing = next((root for root in chosen.root if not Path(root).expanduser().is_dir()), None)
    if missing is not None:
        raise UserError(messages.NO_ROOT(path=missing))
    try:
        cache = private_cache(workspace)
    except OSError as e:
        raise _unwritable(workspace, e) from e
    roots = (PROJECT / "demo", *(Path(root).expanduser().resolve() for root in chosen.root))
    paths = Paths(Path.cwd(), workspace, roots, is_local=not is_open)
    dialog = Dialog() if not is_open and is_available() else None
    window = Window(paths, cache, lang=chosen.lang, log_path=log_path, dialog=dialog)
    window.when_idle.command = command = idle_command(chosen.when_idle, is_open)
    if chosen.when_idle is not None and command is not None:
        window.when_idle.set_on(True)
    if chosen.preset:
        preset = named_preset(chosen.preset, window.preset_folders)
        window.chosen = dict(preset.values)
        window.chosen_name = f"{'own' if preset.is_own else 'shipped'}/{preset.name}"
    return window


def _unwritable(workspace: Path, error: OSError) -> UserError:
    return UserError(messages.WORKSPACE_UNWRITABLE(path=workspace, reason=error.strerror))


_LAST_LOOK = 1.5
"""Seconds in which pages, which ask once a second, learn that the program stops by itself."""


def _wait(window: Window, served: Served, report: Report) -> int:
    """Until Ctrl-C or the system says so; then the run is stopped with its state saved."""
    asked, over = signals.Asked(), window.when_idle.is_over
    current: RunHandle | None = None

    def leave() -> None:
        if current is None or not current.can_be_given_up:
            os._exit(130)  # the run's thread would keep the process alive

    with signals.asking(asked, leave):
        while served.thread.is_alive() and not asked.times and not over.wait(0.2):
            pass
        if over.is_set():
            report("console.idle")
            time.sleep(_LAST_LOOK)
        single_instance.withdraw(window.paths.workspace)
        window.queue.close()
        current = window.runner.current
        if current is not None and not current.is_over:
            report("console.saving")
            _stop(current, asked, report)
            if current.status != "failed":
                report("console.saved")
        served.close()
    return EXIT_DONE


def _stop(run: RunHandle, asked: signals.Asked, report: Report) -> None:
    """Stop a run with its state saved. Asked once more while that waits for room on the disk, without."""
    run.ask_to_end(is_again=False)
    times, is_told = asked.times, False
    while not run.wait(0.2):
        if asked.times > times:
            times = asked.times
            run.ask_to_end(is_again=True)
        if run.can_be_given_up and not is_told:
            report("console.room")
            is_told = True
