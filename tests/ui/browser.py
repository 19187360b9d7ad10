"""The window as a process of its own, and a browser that looks at it."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

ROOT = Path(__file__).resolve().parents[2]
WAIT = 90_000
"""Milliseconds; machines that test are slow and busy."""


def chromium() -> str:
    """The browser that is installed, or the test is skipped."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    return found


def gui_py(*options: str) -> subprocess.CompletedProcess[str]:
    """gui.py run to its end, with all it says."""
    command = [sys.executable, "gui.py", "--no-browser", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@dataclass
class Process:
    """A running gui.py and the lines it has printed."""

    popen: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return next(word for line in self.lines for word in line.split() if word.startswith("http://"))


@contextlib.contextmanager
def window(workspace: Path, *options: str) -> Iterator[Process]:
    """gui.py with a workspace of its own on a free port, ended as the system ends it, cleanly."""
    command = [sys.executable, str(ROOT / "gui.py"), "--no-browser", "--workspace", str(workspace), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    for name in ("LC_ALL", "LC_MESSAGES"):
        environment.pop(name, None)
    popen = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    process = Process(popen)
    printed: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=lambda: [printed.put(line) for line in popen.stdout or ()], daemon=True)
    reader.start()
    try:
        while not any("Ctrl-C" in line for line in process.lines):
            process.lines.append(printed.get(timeout=WAIT / 1000))
        yield process
    finally:
        popen.send_signal(signal.SIGTERM)
        code = popen.wait(120)
        reader.join(5)
        while not printed.empty():
            process.lines.append(printed.get())
        if popen.stdout is not None:
            popen.stdout.close()
    assert code == 0


@dataclass
class Watched:
    """A page with everything that must not happen on it."""

    page: Any
    faults: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    heard: dict[str, Callable[[Any], Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, context: Any, url: str) -> Self:
        return cls(context.new_page()).visit(url)

    def visit(self, url: str) -> Self:
        """Go there, listening."""
        self.page.set_default_timeout(WAIT)
        self.heard = {
            "console": lambda m: self.faults.append(m.text) if m.type == "error" else None,
            "pageerror": lambda error: self.faults.append(str(error)),
            "dialog": lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()),
            "request": lambda r: self.hosts.add(r.url.split("/")[2]) if "://" in r.url else None,
        }
        for event, listener in self.heard.items():
            self.page.on(event, listener)
        self.page.goto(url)
        return self

    def deaf(self) -> None:
        """Listen no longer: what is shown next is another page."""
        for event, listener in self.heard.items():
            self.page.remove_listener(event, listener)

    def ready(self) -> Self:
        """Once the page shows everything."""
        self.page.wait_for_selector("body[data-ready]")
        return self

    def tab(self, number: int) -> None:
        self.page.locator("#tabs [role=tab]").nth(number).click()

    def fill(self, element: str, text: str) -> None:
        """Type into a field and leave it, so that the page takes it over; of prompts into their text."""
        rows = f'.rw-prompts[data-for="{element}"]'
        if self.page.locator(rows).count():
            self.page.wait_for_selector(f"{rows}[data-mode]", state="attached", timeout=WAIT)
            as_text = self.page.locator(f"{rows} [data-row-act=text]")
            if as_text.count():
                as_text.click()
        field_ = self.page.locator(f"#{element} input, #{element} textarea").first
        field_.fill(text)
        field_.press("Tab")

    def holds(self, element: str, text: str) -> None:
        """Wait until this stands in a field: what is said of it may be drawn before."""
        field_ = f"#{element} input, #{element} textarea"
        held = "([field, text]) => document.querySelector(field)?.value === text"
        try:
            self.page.wait_for_function(held, arg=[field_, text])
        except Exception as error:
            error.add_note(f"{element} holds {self.page.locator(field_).first.input_value()!r}")
            raise

    def fields(self) -> dict[str, Any]:
        """What stands in every field of the page, by its place: to see whether one has changed.

        A text that is shown as rows of fields is what these say.
        """
        return self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll(FIELDS)].map((field) => {
              const owner = field.closest('[id]')?.id ?? '';
              const inside = [...document.getElementById(owner)?.querySelectorAll(FIELDS) ?? []];
              const value = ['checkbox', 'radio'].includes(field.type) ? field.checked : field.value;
              return [`${owner} ${inside.indexOf(field)}`, value];
            }))""".replace("FIELDS", "'input, textarea:not([data-rows] textarea), select'")
        )

    def status(self, name: str) -> None:
        """Wait until the run is in this state; its end takes as long as the whole run."""
        patience = 5 * WAIT if name == "done" else WAIT
        try:
            self.page.wait_for_selector(f"#run-head .rw-status.is-{name}", timeout=patience)
        except Exception as error:
            error.add_note(self.page.locator("#rw-run").inner_text())
            raise

    def past_step(self, step: int) -> None:
        """Wait until the run has reported a step beyond this one."""
        self.page.wait_for_function(
            "(least) => { const head = document.querySelector('#run-head');"
            " const found = head && head.innerText.match(/(\\d+) \\/ \\d+/);"
            " return found && Number(found[1]) > least; }",
            arg=step,
        )
