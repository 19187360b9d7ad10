"""Nothing that trains or reads has changed since it was recorded: see record.py."""

from __future__ import annotations

import json

import pytest

from tests.baseline.record import FOLDER, RECORDINGS


@pytest.mark.slow
@pytest.mark.parametrize("what", RECORDINGS)
def test_what_was_recorded_is_still_so(what):
    make, compare = RECORDINGS[what]
    was = json.loads((FOLDER / f"{what}.json").read_text("utf-8"))
    assert compare(was, make()) == []
