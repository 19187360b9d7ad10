"""Somebody who tries everything on a page: presses what can be pressed, types into every field, and looks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from playwright.sync_api import Error

from tests.ui.stage import Shown

PATIENCE = 60.0
"""Seconds for what a press has asked for."""

MOST_ALIKE = 2
"""Of things that only differ in what they are about, such as images or offered words."""

LATE = 2
"""Questions about the run, asked each second, until whose answers a press without effect is waited for."""

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
        page, done, gone, alike = self.page.page, [], set(), Counter()
        while True:
            found = page.evaluate("(given) => rwUsing.next(...given)", [roots, done, alike, MOST_ALIKE])
            if found is None:
                return
            if not found["leaves"] and not self._press(found, may_change) and found["key"] not in gone:
                gone.add(found["key"])  # it may have been drawn anew meanwhile
                continue
            done.append(found["key"])
            alike[found["kind"]] += 1

    def _press(self, found: dict[str, Any], may_change: Iterable[str]) -> bool:
        """Press what is marked, and look what has come of it; whether it was still there."""
        page, is_radio_on = self.page.page, found["type"] == "radio" and found["isOn"]
        self._now, self.pressed = found["key"], self.pressed + 1
        happened, thing = self._happened, page.locator("[data-used]")
        moved_from = thing.input_value() if found["type"] == "range" else ""
        if not self._act_on(thing, found):
            return False
        seen = self._wait(happened, is_radio_on)
        if moved_from and thing.count():
            seen["isNew"] |= thing.input_value() != moved_from  # a slider's own place is what one sees
        if not seen["isNew"] and found["tag"] == "button" and thing.count():
            page.wait_for_timeout(1000)  # what tells when it was done last tells the second
            thing.click()
            seen = self._wait(happened)
        if not seen["isNew"] and not is_radio_on:
            self.found.append(f"{self._now}: nothing happened, and nothing was said")
        own = (self._now.partition(" ")[0], *may_change, *(("opt-",) if found["fills"] else ()))
        self._look_for_changes(own, found["before"], seen["after"])
        while seen["dialogs"] and page.locator("dialog").count():
            page.keyboard.press("Escape")
        return True

    @staticmethod
    def _act_on(thing: Any, found: dict[str, Any]) -> bool:
        """Whether it was still there to be acted on."""
        if found["type"] == "range":
            moved_from = thing.input_value()
            thing.press("ArrowRight")
            if thing.input_value() == moved_from:  # it is at its end
                thing.press("ArrowLeft")
        elif found["tag"] == "select":
            is_last = thing.evaluate("(list) => list.selectedIndex === list.options.length - 1")
            thing.press("ArrowUp" if is_last else "ArrowDown")
        else:
            here = thing.element_handles()
            try:
                here[0].click(timeout=PATIENCE * 1000)
            except (Error, IndexError):
                if thing.count() and thing.is_visible():
                    raise
                return False  # it went by itself, as the button that stops what has ended
        return True

    def choose_everywhere(self, roots: str, may_change: Iterable[str] = ()) -> None:
        """Take the last entry of each list in these parts of the page."""
        page = self.page.page
        for owner in page.evaluate("(roots) => rwUsing.lists(roots)", roots):
            field = page.locator(f"#{owner} input[role=combobox]").first
            if not field.is_visible():
                continue  # what was chosen before has hidden it
            self._now, self.pressed = f"{owner}: its last entry", self.pressed + 1
            before, happened = page.evaluate("rwUsing.remember()"), self._happened
            field.click()
            last = page.locator("[role=option]").last
            is_chosen = last.get_attribute("aria-selected") == "true"
            last.click()
            seen = self._wait(happened, is_chosen)
            if not seen["isNew"] and not is_chosen:
                self.found.append(f"{self._now}: nothing happened, and nothing was said")
            self._look_for_changes((owner, *may_change), before, seen["after"])

    def _look_for_changes(
        self, may_change: tuple[str, ...], before: dict[str, Any], after: dict[str, Any]
    ) -> None:
        changed = [n for n in before if n in after and before[n] != after[n] and not n.startswith(may_change)]
        if changed:
            self.found.append(f"{self._now}: changed {changed}")

    def _wait(self, happened: int, may_be_same: bool = False) -> dict[str, Any]:
        """Until everything asked for is answered and drawn; how the page is then, and whether it is new.

        may_be_same: nothing need come of what was done.
        """
        page, until = self.page.page, time.monotonic() + PATIENCE
        for late in range(LATE + 1):
            seen = None
            while seen is None or self._going:
                seen = page.evaluate("(patience) => rwUsing.settled(patience)", PATIENCE * 1000)
                if seen is None or time.monotonic() > until:
                    waiting = [page.evaluate("rwUsing.waitsFor()"), *(r.url for r in self._going)]
                    raise AssertionError(f"{self._now}: still waiting for {waiting}")
            seen["isNew"] |= self._happened > happened
            if seen["isNew"] or may_be_same or late == LATE:
                break
            with page.expect_response(lambda answer: "/live?" in answer.url):
                pass
        return seen

    def type_everywhere(self, roots: str) -> None:
        """Type into each field in these parts of the page and leave it; no other field may change by that."""
        page = self.page.page
        self._now = f"typing in {roots}"
        expected = self.page.fields()
        for number, (name, kind) in enumerate(page.evaluate("(roots) => rwUsing.fields(roots)", roots)):
            field, text = page.locator(f"[data-field='{number}']"), "8" if kind == "number" else "x 7"
            field.fill(text)  # which leaves the field before
            expected |= {name: text}
        page.keyboard.press("Tab")
        after = self._wait(self._happened, may_be_same=True)["after"]
        changed = [n for n, value in expected.items() if n in after and after[n] != value]
        if changed:
            self.found.append(f"{self._now}: {[(n, expected[n], after[n]) for n in changed]} changed")
