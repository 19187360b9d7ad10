"""Pictures resized and made from the Tools tab: below the workspace, with progress, stopped by a click."""

from __future__ import annotations

import pytest
from PIL import Image


def resized(app, lang="en", **fields):
    parts = app.resize.parts
    data = {"source": "", "size": "512", "fit": "crop", "name": "small"} | fields
    return list(app.resize.start({parts[name]: value for name, value in data.items()}, lang))


def test_a_folder_is_resized_below_the_workspace_with_its_captions(app, window, frogs):
    shown = resized(app, source=str(frogs), size="64,96")
    folder = window.workspace / "resized" / "small"
    pictures = sorted(folder.glob("*.png"))
    assert [p.name for p in pictures] == ["frog 0.png", "frog 1.png", "frog 2.png"]
    assert (folder / "frog 0.txt").read_text("utf-8") == "sls frog, on grass"
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == (64, 96)
    assert "is-good" in shown[-1] and "3 picture(s)" in shown[-1]


def test_a_second_go_leaves_what_is_there(app, window, frogs):
    resized(app, source=str(frogs), size="64")
    first = (window.workspace / "resized" / "small" / "frog 1.png").stat().st_mtime_ns
    shown = resized(app, source=str(frogs), size="64", lang="ja")
    assert "既にあるもの3枚" in shown[-1]
    assert (window.workspace / "resized" / "small" / "frog 1.png").stat().st_mtime_ns == first


def test_a_stop_ends_it_after_the_picture_at_hand(app, window, frogs):
    job = window.resize
    real = job.start

    def start_and_stop(work):
        began = real(lambda report: (job.control.stop(save=False), work(report))[1])
        return began

    job.start = start_and_stop
    assert "Stopped" in resized(app, source=str(frogs), size="64")[-1]


@pytest.mark.parametrize(
    "fields", [{"name": "../x"}, {"name": ""}, {"size": "wide"}, {"source": ""}, {"source": "/nowhere/x"}]
)
def test_what_is_wrong_is_said_and_nothing_is_written(app, window, frogs, fields):
    assert "is-bad" in resized(app, **({"source": str(frogs)} | fields))[-1]
    assert not (window.workspace / "resized").exists()
