"""Every state at three widths, in two languages, light and dark: nothing is cut off or pale."""

from __future__ import annotations

import pytest

from tests.ui.layout import cut_off, pale
from tests.ui.stage import SIZES
from tests.ui.states import STATES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_every_state_of_a_run_is_shown_whole_and_readable(stage, look, lang):
    page = look(lang)
    found = []
    for state in STATES:
        stage.show(state)
        page.caught_up()
        for width in SIZES:
            page.size(width)
            found += [(state, width, fault) for fault in cut_off(page.page)]
        for scheme in ("dark", "light") if lang == "en" else ():  # colours are the same in every language
            page.scheme(scheme)
            found += [(state, scheme, fault) for fault in pale(page.page)]
    assert found == []
