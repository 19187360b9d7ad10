"""Somebody who tries everything on a page: presses what can be pressed, types into every field, and looks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError

from tests.ui.stage import Shown

QUIET = 0.6
"""Seconds without a request and without a change after which a press has done what it does."""

SOON = 0.12
"""Seconds until a setting that was changed is told to the server (script/typed.js)."""

PATIENCE = 60.0
"""Seconds for what a press has asked for."""

MOST_ALIKE = 2
"""Of things that only differ in what they are about, such as images or offered words."""

_ASKED_ALL_THE_TIME = ("/live", "/heartbeat", "/queue/data", "/images/")

TOOLS = Path(__file__).with_name("using.js").read_text("utf-8")


class User:
    """Tries a page and keeps what is wrong: `found` is a list of sentences."""

    def __init__(self, page: Shown) -> None:
        self.page, self.found, self.pressed = page, [], 0
        self._going: set[Any] = set()
        self._happened = 0
        p = page.page
        page.is_used_up = True
        p.on("request", lambda request: self._going.add(request) if self._matters(request) else None)
        p.on("requestfinished", lambda request: self._going.discard(request))
        p.on("requestfailed", self._failed)
        p.on("response", self._answered)
        for event in ("download", "filechooser", "popup"):
            p.on(event, self._noted)
        p.evaluate(TOOLS)

    @staticmethod
    def _matters(request: Any) -> bool:
        return not any(path in request.url for path in _ASKED_ALL_THE_TIME)

    def _failed(self, request: Any) -> None:
        self._going.discard(request)
        if "ERR_ABORTED" not in str(request.failure):  # as a download is, for the page
            self.found.append(f"{self._now}: {request.url} failed: {request.failure}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.found.append(f"{self._now}: {response.url} was answered with {response.status}")

    def _noted(self, *_: Any) -> None:
        self._happened += 1

    _now = ""

    def press_everything(self, roots: str, may_change: Iterable[str] = ()) -> None:
        """Press each thing in these parts of the page, and what comes to light by that.

        may_change: beginnings of the names of fields that what is pressed here is for.
        """
        done: set[str] = set()
        alike: Counter[str] = Counter()
        while True:
            listed = self.page.page.evaluate("(roots) => rwUsing.list(roots)", roots)
            fresh = [(key, kind) for key, kind in listed if key not in done and alike[kind] < MOST_ALIKE]
            if not fresh:
                return
            key, kind = fresh[0]
            done.add(key)
            alike[kind] += 1
            self.press(roots, key, may_change)

    def press(self, roots: str, key: str, may_change: Iterable[str] = ()) -> None:
        """Press one thing, and look what has come of it."""
        page = self.page.page
        taken = page.evaluate("([roots, key]) => rwUsing.take(roots, key)", [roots, key])
        if taken is None or taken["leaves"]:
            return
        self._now, self.pressed = key, self.pressed + 1
        before, happened = self._remembered()
        thing = page.locator("[data-used]")
        moved_from = thing.input_value() if taken["type"] == "range" else ""
        if taken["type"] == "range":
            thing.press("ArrowRight")
            if thing.input_value() == moved_from:  # it is at its end
                thing.press("ArrowLeft")
        elif taken["tag"] == "select":
            is_last = thing.evaluate("(list) => list.selectedIndex === list.options.length - 1")
            thing.press("ArrowUp" if is_last else "ArrowDown")
        else:
            try:
                thing.click(timeout=5000)
            except TimeoutError:
                if thing.count() and thing.is_visible():
                    raise
                return  # it went by itself, as the button that stops what has ended
        is_new = self._wait(happened)
        if moved_from and thing.count():
            is_new = is_new or thing.input_value() != moved_from  # a slider's own place is what one sees
        if not is_new and taken["tag"] == "button":
            page.wait_for_timeout(1000)  # what tells when it was done last tells the second
            thing.click(timeout=5000)
            is_new = self._wait(happened)
        elif not is_new and not (taken["type"] == "radio" and taken["isOn"]):
            page.wait_for_timeout(1000)  # a busy machine draws later
            is_new = self._wait(happened)
        if not is_new and not (taken["type"] == "radio" and taken["isOn"]):
            self.found.append(f"{key}: nothing happened, and nothing was said")
        own = (key.partition(" ")[0], *may_change, *(("opt-",) if taken["fills"] else ()))
        self._look_for_changes(own, before)
        while page.locator("dialog").count():
            page.keyboard.press("Escape")

    def choose_everywhere(self, roots: str, may_change: Iterable[str] = ()) -> None:
        """Take the last entry of each list in these parts of the page."""
        page = self.page.page
        for owner in page.evaluate("(roots) => rwUsing.lists(roots)", roots):
            field = page.locator(f"#{owner} input[role=combobox]").first
            if not field.is_visible():
                continue  # what was chosen before has hidden it
            self._now, self.pressed = f"{owner}: its last entry", self.pressed + 1
            before, happened = self._remembered()
            field.click()
            last = page.locator("[role=option]").last
            is_chosen = last.get_attribute("aria-selected") == "true"
            last.click()
            if not self._wait(happened) and not is_chosen:
                self.found.append(f"{self._now}: nothing happened, and nothing was said")
            self._look_for_changes((owner, *may_change), before)

    def _look_for_changes(self, may_change: tuple[str, ...], before: dict[str, Any]) -> None:
        after = self.page.fields()
        changed = [n for n in before if n in after and before[n] != after[n] and not n.startswith(may_change)]
        if changed:
            self.found.append(f"{self._now}: changed {changed}")

    def _remembered(self) -> tuple[dict[str, Any], int]:
        """What stands in every field, and how often something has come of a press; the page is remembered."""
        self.page.page.evaluate("rwUsing.remember()")
        return self.page.fields(), self._happened

    def _wait(self, happened: int) -> bool:
        """Until everything asked for is answered; whether the page is another one then."""
        page, until, since, is_new = self.page.page, time.monotonic() + PATIENCE, time.monotonic(), False
        while time.monotonic() < until:
            page.wait_for_timeout(20)
            is_new = is_new or self._happened > happened or page.evaluate("rwUsing.isNew()")
            if self._going:
                since = time.monotonic()
            elif time.monotonic() - since > (SOON if is_new else QUIET):
                return is_new
        raise AssertionError(f"{self._now}: still waiting for {[r.url for r in self._going]}")

    def type_everywhere(self, roots: str) -> None:
        """Type into each field in these parts of the page and leave it; no other field may change by that."""
        page = self.page.page
        self._now = f"typing in {roots}"
        expected = self.page.fields()
        for name, kind in page.evaluate("(roots) => rwUsing.fields(roots)", roots):
            page.evaluate("([roots, name]) => rwUsing.takeField(roots, name)", [roots, name])
            field, text = page.locator("[data-used]"), "8" if kind == "number" else "x 7"
            field.fill(text)
            field.press("Tab")
            expected |= {name: text}
        self._wait(self._remembered()[1])
        after = self.page.fields()
        changed = [n for n, value in expected.items() if n in after and after[n] != value]
        if changed:
            self.found.append(f"{self._now}: {[(n, expected[n], after[n]) for n in changed]} changed")
