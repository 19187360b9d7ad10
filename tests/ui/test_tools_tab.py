"""Pictures resized and made from the Tools tab: below the workspace, with progress, stopped by a click."""

from __future__ import annotations

import shutil
import threading

import pytest
from PIL import Image

from core.errors import UserError
from tests.ui.fake import demo_raw
from ui.tools.regularize import RegularizeCard


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
    assert "is-good" in shown[-1] and "3 pictures, 1 caption or other text file;" in shown[-1]


def test_a_second_go_leaves_what_is_there(app, window, frogs):
    resized(app, source=str(frogs), size="64")
    first = (window.workspace / "resized" / "small" / "frog 1.png").stat().st_mtime_ns
    shown = resized(app, source=str(frogs), size="64", lang="ja")
    assert "すでにあるもの3枚" in shown[-1]
    assert (window.workspace / "resized" / "small" / "frog 1.png").stat().st_mtime_ns == first


def test_a_stop_ends_it_after_the_picture_at_hand(app, window, frogs):
    job = window.resize
    real = job.start

    job.start = lambda work, done: real(lambda report: (job.control.stop(save=False), work(report))[1], done)
    assert "Stopped" in resized(app, source=str(frogs), size="64")[-1]


@pytest.mark.parametrize(
    "fields", [{"name": "../x"}, {"name": ""}, {"size": "wide"}, {"source": ""}, {"source": "/nowhere/x"}]
)
def test_what_is_wrong_is_said_and_nothing_is_written(app, window, frogs, fields):
    assert "is-bad" in resized(app, **({"source": str(frogs)} | fields))[-1]
    assert not (window.workspace / "resized").exists()


def made(app, lang="en", **fields):
    """Everything the card shows while the demo's model draws, with the form's folders as given."""
    parts, components = app.regularize.parts, app.form.components
    typed = {"classes": "", "count": "", "steps": "1", "negative": ""} | fields
    data = {parts[name]: typed[name] for name in ("classes", "count", "steps", "negative")}
    data[components["model.base"]] = typed.get("base", "demo/base.safetensors")
    data[components["dataset.resolution"]] = "64"
    data[components["dataset.train_data_dir"]] = typed.get("train", "")
    data[components["dataset.reg_data_dir"]] = typed.get("reg", "demo/reg")
    updates = list(app.regularize.start(data, lang))
    last = next(u[parts["result"]] for u in reversed(updates) if parts["result"] in u)
    return last, updates[-1].get(components["dataset.reg_data_dir"])


def test_the_base_model_draws_the_class_as_often_as_the_guides_rule_asks(app, window, frogs):
    (frogs.parent / "train").mkdir()
    shutil.copytree(frogs, frogs.parent / "train" / "1_sls frog")
    train = str(frogs.parent / "train")
    assert "gives 3 pictures: 1 × 3" in app.regularize.hint(train, "en")
    said, chosen = made(app, train=train)
    folder = window.workspace / "datasets" / "reg" / "1_frog"
    assert len(list(folder.glob("*.png"))) == 3 and "1_frog: 3 pictures, 3 of them new" in said
    assert chosen["value"] == str(folder.parent)
    said, chosen = made(app, train=train, reg=str(frogs), lang="ja")
    assert "新規0枚" in said and chosen is None  # a folder of one's own is not replaced


def test_several_prompts_and_a_stop(app, window):
    job = window.regularize
    real = job.start
    job.start = lambda work, done: real(lambda report: (job.control.stop(save=False), work(report))[1], done)
    assert "Stopped" in made(app, classes="frog\na red frog", count="1")[0]
    job.start = real
    made(app, classes="frog\na red frog", count="1")
    assert sorted(p.name for p in (window.workspace / "datasets" / "reg").iterdir()) == [
        "1_a red frog",
        "1_frog",
    ]


@pytest.mark.parametrize(
    "fields",
    [{"count": "many"}, {"count": "0", "classes": "frog"}, {"base": ""}, {"base": "gui.py", "count": "1"}],
)
def test_images_that_can_not_be_made_are_refused_in_words(app, window, fields):
    assert "is-bad" in made(app, **fields)[0]
    assert not (window.workspace / "datasets").exists()


def test_a_running_training_keeps_the_gpu_to_itself(app, window):
    window.runner.start(app.form.check(demo_raw(app), "en")[0])
    assert "a training is running" in made(app, classes="frog", count="1")[0].lower()


def converted(app, **fields):
    parts = app.tools.parts
    data = {"source": "demo/base.safetensors", "as": "safetensors", "precision": "bf16", "name": "x"} | fields
    return list(app.tools.convert({parts[name]: value for name, value in data.items()}, "en"))


def test_a_stopped_conversion_leaves_nothing_behind(app, window):
    job = window.convert
    real = job.start
    job.start = lambda work, done: real(lambda report: (job.control.stop(save=False), work(report))[1], done)
    assert "nothing was written" in converted(app)[-1]
    assert not any((window.workspace / "models").rglob("*"))


def followed(app, reg="demo/reg", lang="en"):
    """What a page is shown that opens the tab now, by the names of the cards."""
    names = {part: name for name, part in app.under_way._results.items()}
    names[app.form.components["dataset.reg_data_dir"]] = "reg"
    return [
        {names[part]: shown for part, shown in update.items()} for update in app.under_way.follow(reg, lang)
    ]


def test_a_page_that_is_opened_in_between_follows_the_work_to_its_end(app, window):
    go_on, told = threading.Event(), threading.Event()

    def work(report):
        report("resize", 3, 12)
        told.set()
        go_on.wait(10)

    window.resize.start(work, lambda lang: f"<p>{lang}</p>")
    assert told.wait(10)
    shown = app.under_way.follow("", "ja")
    first = next(shown)[app.resize.parts["result"]]
    assert "12枚中3枚" in first and 'aria-valuenow="25"' in first
    go_on.set()
    assert list(shown)[-1] == {app.resize.parts["result"]: "<p>ja</p>"}
    assert followed(app) == [{"resize": "<p>en</p>"}]  # and one that is opened later sees how it ended


def test_without_work_a_page_is_sent_nothing(app):
    assert followed(app) == []


def test_why_work_ended_without_a_result_is_still_there_for_the_next_page(app, window):
    assert "is-bad" in converted(app, source="gui.py")[-1]
    (again,) = followed(app)
    assert "is-bad" in again["convert"]


def test_pictures_that_were_made_while_no_page_was_open_are_chosen(app, window):
    made(app, classes="frog", count="1")
    (shown,) = followed(app)
    assert shown["reg"]["value"] == str(window.workspace / "datasets" / "reg")
    assert window.settings["dataset.reg_data_dir"] == shown["reg"]["value"]


@pytest.mark.parametrize(("typed", "number"), [("３０", 30), (" 7 ", 7), ("", None), ("０", 0)])
def test_the_numbers_of_regularization_images_are_read_at_any_width(typed, number):
    assert RegularizeCard._number(typed, "steps") == number


@pytest.mark.parametrize("typed", ["x", "1.5", "-1", "9" * 30, "９" * 9])
def test_what_is_no_number_of_images_is_told(typed):
    with pytest.raises(UserError, match="Number of each"):
        RegularizeCard._number(typed, "count")
