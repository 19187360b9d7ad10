"""The trash: counted, asked about, emptied for good; and nothing else than what was told is deleted."""

from __future__ import annotations

import re

import pytest

from core.data.curate.curation import Item
from core.runs import past_runs
from core.trash import OF_RUNS
from tests.ui.session import Session


@pytest.fixture
def image(app, window):
    folder = window.workspace / "datasets" / "1_sls frog"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"12345")
    app.preview.curation.trash([Item(folder / "a.png")], ".txt")
    return folder / "a.png"


@pytest.fixture
def model(window):
    trash = window.output / past_runs.RUNS / OF_RUNS / "models" / "run"
    trash.mkdir(parents=True)
    (trash / "frog.safetensors").write_bytes(b"123")
    return trash / "frog.safetensors"


def word_of(html, kind):
    return re.search(f'data-act="empty" data-on="({kind}/[0-9-]+)"', html)[1]


def test_each_trash_is_counted_when_the_tab_is_opened_and_emptied_after_a_question(app, window, image, model):
    page = Session(app)
    html = page.do(app.tools_tab, "select")[app.trash.part]
    assert "1 file, 5 B" in html and "1 file, 3 B" in html
    asked = page.do(app.trash.part, "click", {"act": "ask", "on": "images"})[app.trash.part]
    assert "Delete for good: 1 file, 5 B?" in asked and app.preview.curation.last is not None
    done = app.trash.act({"act": "empty", "on": word_of(asked, "images")}, "en")
    assert "The trash was emptied: 1 file, 5 B deleted." in done and not image.exists()
    assert app.preview.curation.last is None and model.exists()
    asked = app.trash.act({"act": "ask", "on": "runs"}, "ja")
    assert "完全に削除しますか" in asked
    app.trash.act({"act": "empty", "on": word_of(asked, "runs")}, "ja")
    assert not model.exists() and window.output.exists()


def test_more_than_was_told_is_asked_about_anew(app, image):
    told = word_of(app.trash.act({"act": "ask", "on": "images"}, "en"), "images")
    (app.preview.curation.trash_folder / "more.png").write_bytes(b"6")
    html = app.trash.act({"act": "empty", "on": told}, "en")
    assert "Delete for good: 2 files, 6 B?" in html
    assert app.preview.curation.in_trash().files == 2


@pytest.mark.parametrize(
    "event",
    [None, 7, {"act": "empty"}, {"act": "empty", "on": "../x/1-5"}, {"act": "empty", "on": ["images"]}],
)
def test_whatever_a_page_sends_deletes_nothing(app, image, event):
    assert "rw-runs" in app.trash.act(event, "zh")
    assert app.preview.curation.in_trash().files == 1
