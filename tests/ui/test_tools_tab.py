"""Images resized and generated from the Tools tab: below the workspace, with progress, stopped by a click."""

from __future__ import annotations

import shutil
import threading

import pytest
from PIL import Image

from core.tools.table import TOOLS
from tests.tools import toy
from tests.ui.fake import demo_raw, make_window
from ui.app import App
from ui.window.paths import Paths


def shown_by(card, data, lang="en"):
    """What a card shows of its work. data: what is typed into its fields; the others are as drawn."""
    drawn = {part: getattr(part, "value", None) for part in card.parts.values()}
    updates = card.start(drawn | {card.parts[name]: value for name, value in data.items()}, lang)
    return [update[card.parts["result"]] for update in updates]


def stop_at_once(job):
    """Every work of the job is asked to stop as it begins; gives the real start."""
    real = job.start
    job.start = lambda work, done: real(lambda report: (job.control.stop(save=False), work(report))[1], done)
    return real


def resized(app, lang="en", **fields):
    data = {"source": "", "resolution": "512", "target": "small"} | fields
    return shown_by(app.tools["resize"], data, lang)


def test_a_folder_is_resized_below_the_workspace_with_its_captions(app, window, frogs):
    shown = resized(app, source=str(frogs), resolution="64,96")
    folder = window.workspace / "resized" / "small"
    images = sorted(folder.glob("*.png"))
    assert [p.name for p in images] == ["frog 0.png", "frog 1.png", "frog 2.png"]
    assert (folder / "frog 0.txt").read_text("utf-8") == "sls frog, on grass"
    for path in images:
        with Image.open(path) as image:
            assert image.size == (64, 96)
    assert "is-good" in shown[-1] and "3 images, 1 caption or other text file;" in shown[-1]


def test_a_second_go_leaves_what_is_there(app, window, frogs):
    resized(app, source=str(frogs), resolution="64")
    first = (window.workspace / "resized" / "small" / "frog 1.png").stat().st_mtime_ns
    shown = resized(app, source=str(frogs), resolution="64", lang="ja")
    assert "すでにあるもの3枚" in shown[-1]
    assert (window.workspace / "resized" / "small" / "frog 1.png").stat().st_mtime_ns == first


def test_a_stop_ends_it_after_the_image_at_hand(app, window, frogs):
    stop_at_once(window.jobs["resize"])
    assert "Stopped" in resized(app, source=str(frogs), resolution="64")[-1]


@pytest.mark.parametrize(
    "fields",
    [{"target": "../x"}, {"target": ""}, {"resolution": "wide"}, {"source": ""}, {"source": "/nowhere/x"}],
)
def test_what_is_wrong_is_said_and_nothing_is_written(app, window, frogs, fields):
    assert "is-bad" in resized(app, **({"source": str(frogs)} | fields))[-1]
    assert not (window.workspace / "resized").exists()


def on_form(app, train, **fields):
    """The fields of the form that the card of regularization images takes."""
    values = {
        "model.base": "demo/base.safetensors",
        "dataset.resolution": "64",
        "dataset.train_data_dir": train,
    }
    return {app.form.components[key]: value for key, value in (values | fields).items()}


def made(app, lang="en", **fields):
    """Everything the card shows while the demo's model draws, with the form's folders as given."""
    card, components = app.tools["regularize"], app.form.components
    typed = {"steps": "1"} | fields
    data = {part: getattr(part, "value", None) for part in card.parts.values()}
    data |= {part: typed[name] for name, part in card.parts.items() if name in typed}
    data |= on_form(app, typed.get("train", ""), **{"model.base": typed.get("base", "demo/base.safetensors")})
    data[components["dataset.reg_data_dir"]] = typed.get("reg", "demo/reg")
    updates, result = list(card.start(data, lang)), card.parts["result"]
    last = next(u[result] for u in reversed(updates) if result in u)
    return last, updates[-1].get(components["dataset.reg_data_dir"])


def test_the_base_model_draws_the_class_as_often_as_the_guides_rule_asks(app, window, frogs):
    (frogs.parent / "train").mkdir()
    shutil.copytree(frogs, frogs.parent / "train" / "1_sls frog")
    train = str(frogs.parent / "train")
    assert "gives 3 images: 1 × 3" in app.tools["regularize"].hint(on_form(app, train), "en")
    said, chosen = made(app, train=train)
    folder = window.workspace / "datasets" / "reg" / "1_frog"
    assert len(list(folder.glob("*.png"))) == 3 and "1_frog: 3 images, 3 of them new" in said
    assert chosen["value"] == str(folder.parent)
    said, chosen = made(app, train=train, reg=str(frogs), lang="ja")
    assert "新規0枚" in said and chosen is None  # a folder of one's own is not replaced


def test_images_that_were_made_are_shown_and_the_field_that_was_set_is_named(app, window):
    said, _ = made(app, prompt="frog", count="2")
    assert "Regularization images is set to this folder" in said and said.count("<figure") == 2
    assert "is set to this folder" not in made(app, prompt="frog", count="2", reg="my/own")[0]


def test_several_prompts_and_a_stop(app, window):
    job = window.jobs["regularize"]
    real = stop_at_once(job)
    assert "Stopped" in made(app, prompt="frog\na red frog", count="1")[0]
    job.start = real
    made(app, prompt="frog\na red frog", count="1")
    assert sorted(p.name for p in (window.workspace / "datasets" / "reg").iterdir()) == [
        "1_a red frog",
        "1_frog",
    ]


@pytest.mark.parametrize(
    "fields",
    [{"count": "many"}, {"count": "0", "prompt": "frog"}, {"base": ""}, {"base": "gui.py", "count": "1"}],
)
def test_images_that_can_not_be_made_are_refused_in_words(app, window, fields):
    assert "is-bad" in made(app, **fields)[0]
    assert not (window.workspace / "datasets").exists()


def test_a_running_training_keeps_the_gpu_to_itself(app, window):
    window.runner.start(app.form.check(demo_raw(app), "en")[0])
    assert "a run is in progress" in made(app, prompt="frog", count="1")[0].lower()


def converted(app, **fields):
    data = {"source": "demo/base.safetensors", "precision": "bf16", "target": "x"} | fields
    return shown_by(app.tools["convert"], data)


def used(app, name):
    """What the button below a result does: the message, and what the form's field gets."""
    card = app.tools[name]
    updates = card.use("en")
    (part,) = card._offered_part
    return updates[card.parts["result"]], updates[part]["value"]


def test_a_converted_model_becomes_the_base_model_by_a_click(app, window):
    assert "Use it as the base model" in converted(app)[-1]
    said, value = used(app, "convert")
    assert value.endswith("models/x.safetensors") and value == window.settings["model.base"]
    assert "Base model is now" in said and "Use it" not in said


def test_resized_images_become_the_training_images_where_their_folders_say_how_often(app, window, frogs):
    assert "Use it" not in resized(app, source=str(frogs), resolution="64")[-1]
    (frogs.parent / "train").mkdir()
    shutil.copytree(frogs, frogs.parent / "train" / "1_sls frog")
    shown = resized(app, source=str(frogs.parent / "train"), resolution="64", target="set")[-1]
    assert "Use it as the training images" in shown
    assert used(app, "resize")[1] == window.settings["dataset.train_data_dir"]
    assert window.settings["dataset.train_data_dir"].endswith("resized/set")


def test_a_stopped_conversion_leaves_nothing_behind(app, window):
    stop_at_once(window.jobs["convert"])
    assert "nothing was written" in converted(app)[-1]
    assert not any((window.workspace / "models").rglob("*"))


def followed(app, reg="demo/reg", lang="en"):
    """What a page is shown that opens the tab now, by the names of the cards."""
    names = {card.parts["result"]: name for name, card in app.tools.items()}
    field = app.form.components["dataset.reg_data_dir"]
    names[field] = "reg"
    updates = app.under_way.follow({field: reg}, lang)
    return [{names[part]: shown for part, shown in update.items()} for update in updates]


def test_a_page_that_is_opened_in_between_follows_the_work_to_its_end(app, window):
    go_on, told = threading.Event(), threading.Event()

    def work(report):
        report("resize", 3, 12)
        told.set()
        go_on.wait(10)

    window.jobs["resize"].start(work, lambda lang: f"<p>{lang}</p>")
    assert told.wait(10)
    result = app.tools["resize"].parts["result"]
    shown = app.under_way.follow({app.form.components["dataset.reg_data_dir"]: ""}, "ja")
    first = next(shown)[result]
    assert "画像をリサイズ中 3/12" in first and 'aria-valuenow="25"' in first
    go_on.set()
    assert list(shown)[-1] == {result: "<p>ja</p>"}
    assert followed(app) == [{"resize": "<p>en</p>"}]  # and one that is opened later sees how it ended


def test_without_work_a_page_is_sent_nothing(app):
    assert followed(app) == []


def test_why_work_ended_without_a_result_is_still_there_for_the_next_page(app, window):
    assert "is-bad" in converted(app, source="gui.py")[-1]
    (again,) = followed(app)
    assert "is-bad" in again["convert"]


def test_images_that_were_made_while_no_page_was_open_are_chosen(app, window):
    made(app, prompt="frog", count="1")
    (shown,) = followed(app)
    assert shown["reg"]["value"] == str(window.workspace / "datasets" / "reg")
    assert window.settings["dataset.reg_data_dir"] == shown["reg"]["value"]


@pytest.mark.parametrize(("typed", "number"), [("３", 3), (" 7 ", 7), ("", None)])
def test_the_numbers_of_regularization_images_are_read_at_any_width(app, typed, number):
    card = app.tools["regularize"]
    data = on_form(app, "") | {part: getattr(part, "value", None) for part in card.parts.values()}
    read, _ = card._read(data | {card.parts["count"]: typed}, card._tool.options)
    assert read.get("count") == number


@pytest.mark.parametrize("typed", ["x", "1.5", "-1", "0", "9" * 30, "９" * 9])
def test_what_is_no_number_of_images_is_told(app, typed):
    assert "Number of each" in made(app, prompt="frog", count=typed)[0]


def test_a_new_tool_has_a_card(tmp_path, monkeypatch):
    monkeypatch.setitem(TOOLS, "toy", toy.TOOL)
    app = App(make_window(tmp_path))
    ids = {block.elem_id for block in app.blocks.blocks.values()}
    assert {"card-toy", "toy-word", "toy-times", "toy-upper", "toy-name", "toy-start", "toy-stop"} <= ids
    shown = shown_by(app.tools["toy"], {"out": "a", "times": "３"})
    assert "is-good" in shown[-1] and "3 written" in shown[-1]
    assert (app._window.workspace / "toys" / "a").read_text() == "frogfrogfrog"
    assert "Times" in shown_by(app.tools["toy"], {"out": "a", "times": "0"}, "en")[-1]


def test_adapters_of_a_list_are_bound_to_the_rule_for_paths(app, window, tmp_path, monkeypatch):
    outside = tmp_path / "outside.safetensors"
    outside.write_bytes(b"x")
    typed = {"adapters": f"{window.workspace / 'a.safetensors'}\n{outside}", "target": "x"}
    monkeypatch.setattr(window, "paths", Paths(window.workspace, window.workspace, (), is_local=False))
    said = shown_by(app.tools["merge-adapters"], typed)[-1]
    assert "is-bad" in said and "outside.safetensors" in said
