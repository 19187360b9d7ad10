"""The real page from the real server, over a workspace of a test's own; its runner only pretends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ui.browser import Watched
from tests.ui.fake import FakeRun, as_new, make_window
from tests.ui.states import STATES
from ui.serve.login import Login
from ui.serve.server import DIRECT, Proxy, listening_socket, serve
from ui.window import Window

SIZES = {1440: 900, 1024: 768, 390: 844}
"""Width and height of the windows that a page is looked at in: a desk, a small laptop, a phone."""

PATIENCE = 60_000
"""Milliseconds for what a page of a pretended run has to show."""

LANGUAGES = {"en": "en-US", "ja": "ja-JP"}

_SETTLED = """async () => {
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
    const fades = document.getAnimations().filter((moving) => moving instanceof CSSTransition);
    await Promise.all(fades.map((fade) => fade.finished.catch(() => null)));
}"""


@dataclass(frozen=True)
class Stage:
    """A served window. Its state is set by a test, and shown by every page within a second."""

    window: Window
    url: str

    def clear(self) -> None:
        """A window that nobody has used yet."""
        as_new(self.window)

    def show(self, state: str) -> FakeRun | None:
        """Put the window into one of STATES; the run of it, when it has one."""
        self.clear()
        return STATES[state](self.window)

    @property
    def run(self) -> FakeRun:
        """The run that was started last."""
        assert self.window.runner.current is not None
        return self.window.runner.current


@contextlib.contextmanager
def staged(folder: Path, login: Login | None = None, proxy: Proxy = DIRECT) -> Iterator[Stage]:
    """A stage whose files lie in this folder."""
    window = make_window(folder)
    served = serve(window, "127.0.0.1", listening_socket("127.0.0.1", 0), login, proxy)
    try:
        yield Stage(window, served.url + proxy.root_path)
    finally:
        served.close()


def _go(dialog: Any) -> None:
    """Leave a page that asks whether to, as one with captions that are not saved."""
    dialog.accept()


@dataclass
class Shown(Watched):
    """A page of a stage."""

    stage: Any = None
    is_used_up: bool = False
    """Whether something listens to it that must not hear of the next page."""

    @property
    def is_closed(self) -> bool:
        return bool(self.page.is_closed())

    def leave(self) -> None:
        """Make it an empty page, or none where it can't be used again."""
        self.deaf()
        if self.is_closed:
            return
        if self.is_used_up:
            self.page.close()
            return
        self.page.unroute_all()
        self.page.evaluate("sessionStorage.clear(); localStorage.clear()")
        self.page.mouse.move(0, 0)
        self.page.once("dialog", _go)
        self.page.goto("about:blank")
        self.page.remove_listener("dialog", _go)

    def size(self, width: int) -> None:
        """The window gets one of SIZES."""
        self.page.set_viewport_size({"width": width, "height": SIZES[width]})

    def scheme(self, name: str) -> None:
        """The system's colours change to "dark" or "light", while the page is open."""
        self.page.emulate_media(color_scheme=name)
        self.page.wait_for_function(
            "(dark) => document.body.classList.contains('dark') === dark", arg=name == "dark"
        )
        self.page.evaluate(_SETTLED)  # else a colour is measured on its way from one scheme to the other

    def reload(self) -> None:
        """As a user does. What Gradio logs of a stream that it ends when its page is left is no fault."""
        told = len(self.faults)
        self.page.reload()
        self.ready()
        goodbye = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
        self.faults[told:] = [fault for fault in self.faults[told:] if not fault.startswith(goodbye)]

    def caught_up(self) -> None:
        """Wait until the page shows the window's run as it stands."""
        run = self.stage.window.runner.current
        self.status(run.status if run else "idle")

    def all_seen(self) -> None:
        """Wait until the page shows everything the run has told of: the answer to a question from now on."""
        for _ in range(2):
            with self.page.expect_request(lambda request: "/live?" in request.url):
                pass

    def tab(self, number: int) -> None:
        """Show a tab."""
        names = ("dataset", "model", "training", "lora", "tools")
        self.page.locator(f"#tab-{names[number]}-button").click()

    def files(self) -> None:
        """Open the dialog of settings files, from the menu; nothing where it is open."""
        page = self.page
        if not page.locator("#files-box:popover-open").count():
            page.locator("#rw-menu > * .is-icon").click()
            page.locator("#menu-box .rw-open-files").click()
            page.locator("#files-box:popover-open").wait_for()

    def shut(self) -> None:
        """Close what lies over the page."""
        self.page.keyboard.press("Escape")
        self.page.locator(".rw-popover:popover-open").wait_for(state="detached")

    def look_at_preset(self, name: str) -> None:
        """Open the list of presets, and choose one by a part of its title."""
        page = self.page
        if not page.locator("#preset-box:popover-open").count():
            page.locator("#preset-choice button").click()
        row = page.locator(f'#preset-list button[aria-label*="{name}"]').first
        row.wait_for(state="attached")
        row.evaluate("(row) => { const box = row.closest('details'); if (box) box.open = true; }")
        row.click()
        page.locator("#preset-apply").wait_for()

    def apply_preset(self, name: str) -> None:
        """As `look_at_preset`, and take it."""
        self.look_at_preset(name)
        self.page.locator("#preset-apply").click()
        self.page.locator("#preset-told .rw-done").wait_for()

    def tool(self, card: str) -> None:
        """Show one card of the Tools tab, by its id."""
        self.tab(4)
        back = self.page.locator(".rw-tool-back")
        if back.is_visible():
            back.click()
        self.page.locator(f"#tools-list label:has([value={card}])").click()

    def language(self, lang: str) -> None:
        """Choose the page's language, and wait for it."""
        self.page.locator("#lang label").nth(0 if lang == "en" else 1).click()
        self.page.wait_for_selector(
            f"#tabs [role=tab] >> text={'Dataset' if lang == 'en' else 'データセット'}"
        )


@dataclass
class Look:
    """Opens pages of a stage, and says what was wrong on any of them.

    Pages of one language share a browser's memory of files, as a user's pages do, and what was a page becomes
    one again: the program of the page is ready there, which halves what it costs to show it.
    """

    browser: Any
    stage: Stage
    contexts: dict[str, Any] = field(default_factory=dict)
    pages: list[Shown] = field(default_factory=list)
    blank: dict[Any, list[Any]] = field(default_factory=dict)

    def __call__(self, lang: str = "en", width: int = 1440, dark: bool = False) -> Shown:
        """A new page, once it shows everything."""
        page = self.opened(lang, width, dark).ready()
        page.page.add_style_tag(content="* { transition: none !important; animation: none !important; }")
        return page

    def opened(self, lang: str = "en", width: int = 1440, dark: bool = False) -> Shown:
        """A new page that may still be empty."""
        if lang not in self.contexts:
            self.contexts[lang] = self.browser.new_context(locale=LANGUAGES[lang], accept_downloads=True)
        context = self.contexts[lang]
        kept = self.blank.setdefault(context, [])
        page = Shown(kept.pop() if kept else context.new_page(), stage=self.stage)
        self.pages.append(page)
        page.size(width)
        page.page.emulate_media(color_scheme="dark" if dark else "light")
        page.visit(f"{self.stage.url}/")
        page.page.set_default_timeout(PATIENCE)
        return page

    def close(self) -> None:
        """Leave the pages; fail when one of them logged an error or asked another host for something."""
        opened, self.pages = self.pages, []
        for page in opened:
            page.leave()
            if not page.is_closed:
                self.blank[page.page.context].append(page.page)
        for context in self.contexts.values():
            context.clear_cookies()
        for page in opened:
            assert page.faults == [], page.faults
            assert page.hosts == {self.stage.url.split("/")[2]}

    def end(self) -> None:
        """Forget everything that is shared between pages."""
        for context in self.contexts.values():
            context.close()


PLACES = tuple((lang, width) for width in SIZES for lang in LANGUAGES)
"""Everything a user may look at the window in."""


@dataclass(frozen=True)
class At:
    """A language and a width of the window, and the pages that are opened in them."""

    look: Look
    lang: str
    width: int

    def __call__(self) -> Shown:
        return self.look(self.lang, self.width)

    def words(self, en: str, ja: str) -> str:
        return ja if self.lang == "ja" else en
