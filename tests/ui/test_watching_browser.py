"""A run is watched: over the whole width, its buttons in sight, by the title of the tab and by a notice."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

NOTICES = """(permission) => {
  window.told = [];
  window.Notification = class {
    static permission = permission;
    static async requestPermission() { return this.permission = 'granted'; }
    constructor(title, {body}) { window.told.push([title, body]); }
    addEventListener() {}
  };
}"""


def is_in_sight(page, element):
    """Whether the middle of it is what a click there would meet."""
    return page.page.evaluate(
        """(id) => {
          const box = document.getElementById(id).getBoundingClientRect();
          const met = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return document.getElementById(id).contains(met);
        }""",
        element,
    )


def test_a_run_is_watched_over_the_whole_width_and_tells_of_its_end(at, stage):
    run = stage.show("running")
    page = at()
    page.caught_up()
    page.page.locator("#run-samples img").first.wait_for()
    page.page.evaluate("document.querySelector('#rw-run').scrollTo(0, 99999); window.scrollTo(0, 99999)")
    assert is_in_sight(page, "run-stop")
    page.page.evaluate("window.scrollTo(0, 0)")
    percent = "66% · sls_frog · Rareword"
    assert page.page.title() == percent
    assert page.page.get_by_role("region", name=at.words("Run: sls_frog", "学習：sls_frog")).count() == 1

    if at.width > 900:
        page.page.locator("[data-wide]").click()
        page.page.locator("#tabs").wait_for(state="hidden")
        wide = "image => Math.round(image.getBoundingClientRect().width)"
        widths = page.page.evaluate(f"[...document.querySelectorAll('#run-samples img')].map({wide})")
        assert {*widths} == {256}
        page.reload()
        page.page.locator("#tabs").wait_for(state="hidden")
        page.page.locator("[data-wide]").click()
        page.page.locator("#tabs").wait_for()

    page.page.evaluate(NOTICES, "default")
    page.page.locator("[data-notify]").dispatch_event("click")  # this browser itself gives none
    page.page.locator("#run-notify .on").wait_for()
    run.end("done", 300)
    page.page.wait_for_function("window.told.length")
    said = at.words("Ended at step 300.", "ステップ300で終了。")
    title = at.words("Done · sls_frog · Rareword", "完了 · sls_frog · Rareword")
    assert page.page.evaluate("window.told") == [[title, said]] and page.page.title() == title
