"""A test of use: all that can be pressed is pressed and every field is typed into, whatever the run does.

Nothing may fail, no field may change that was not touched, and everything does something or says why not.
"""

from __future__ import annotations

import time

import pytest

from tests.ui.fake import FakeRun
from tests.ui.scenes import past_runs
from tests.ui.using import User
from ui.parts.job import Job

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TABS = range(4)
TOOLS = (
    *("card-runs", "try-it", "card-caption", "card-inspect", "card-convert", "card-resize"),
    *("card-regularize", "hub-card", "notice-card", "card-tensorboard", "trash-card"),
    *(
        "card-resize-adapter",
        "card-merge-adapters",
        "card-convert-adapter",
        "card-extract",
        "card-merge-model",
        "card-compare",
        "card-judge",
    ),
)
CARDS = "#tools > [id]:not(#tools-list)"
STATES = ("idle", "starting", "running", "paused", "stopped", "failed", "refused", "done", "unfinished")
PANEL = "#rw-tabs [role=tabpanel]"

FOR_OTHERS = (
    # hidden fields by which scripts talk with the server, and captions, of which each page has others
    *("captions-", "preview-act", "html-"),
    # what is about another kind of images, or another run, has its own numbers
    "make-repeats",
    # what leads to the card that generates images chooses the model there
    "try-form",
)


class Slow(Job):
    """Work that goes on until it is stopped, whatever was to be done."""

    def start(self, work, done=None):
        def wait(report):
            report("regularize", 3, 12)
            while not self.control.is_stopping:
                time.sleep(0.05)
            self.control.check()

        return super().start(wait, done)


class Obedient(FakeRun):
    """A run whose state is what it was asked for, as that of a real one is."""

    @property
    def status(self) -> str:
        if self._given in ("done", "stopped", "refused", "failed"):
            return self._given
        if self.control.is_stopping:
            return "stopping"
        if self.control.is_paused:
            return "paused" if self._given == "paused" else "pausing"
        return "running" if self._given == "paused" else self._given

    @status.setter
    def status(self, given: str) -> None:
        self._given = given


@pytest.fixture(autouse=True)
def _obedient(monkeypatch):
    monkeypatch.setattr("tests.ui.fake.FakeRun", Obedient)


def test_everything_on_the_page_can_be_pressed_and_typed_into(look, stage):
    past_runs(stage.window)
    (stage.window.output / "other.safetensors").write_bytes(b"weights")
    slow = {name: Slow(name) for name in ("regularize", "lr-range")}
    stage.window.jobs, stage.window.tries.job = {**stage.window.jobs, **slow}, Slow("try")
    user = User(look("en"))
    user.page.page.locator("#level label").nth(2).click()
    for tab in TABS:
        user.page.tab(tab)
        user.press_everything(PANEL, FOR_OTHERS)
        user.choose_everywhere(PANEL, FOR_OTHERS)
    for card in TOOLS:
        user.page.tool(card)
        user.press_everything(CARDS, FOR_OTHERS)
        user.choose_everywhere(CARDS, FOR_OTHERS)
    for tab in TABS:
        user.page.tab(tab)
        user.type_everywhere(PANEL)
    for card in TOOLS:
        user.page.tool(card)
        user.type_everywhere(CARDS)
    translated = (
        "captions-show",
        "captions-folder",
        "captions-kind",
        "convert-",
        "resize-",
        "merge-",
        "extract-",
    )
    user.press_everything("#rw-header", ("opt-", *translated))
    user.page.page.locator("#preset-choice button").click()
    user.page.page.locator("#preset-list table").first.wait_for()
    user.press_everything("#preset-list table, #preset-note", ("opt-", *translated))
    user.page.files()
    # What leads to an option raises the level where that hides it.
    user.press_everything("#files-paste, #files-own, #preset-said", ("opt-", "level", *translated))
    assert "\n".join(user.found) == "" and user.pressed > 60


def test_everything_of_a_run_can_be_pressed_whatever_it_does(look, stage):
    user = User(look("ja"))
    for state in STATES:
        stage.show(state)
        user.page.caught_up()
        # the choices of several runs are one list, and what leads to a setting shows its level
        user.press_everything("#rw-run", ("opt-", "html-", "level"))
    assert "\n".join(user.found) == "" and user.pressed > 60
