"""Tools put into the queue from their cards: begun in their turn, seen in both places, checked again."""

from __future__ import annotations

import json
import threading

import pytest
from PIL import Image

from core.queue import RunQueue
from core.runner import Runner
from tests.captioners.stand_in import stand_in
from tests.tiny import make_tiny
from tests.ui.fake import demo_raw
from ui.run import starting
from ui.run.polling import answer
from ui.window.paths import Paths

RUN = """[model]
base = "{base}"
[dataset]
train_data_dir = "{images}"
resolution = 64
[network]
rank = 4
[train]
max_train_steps = 1
[save]
output_dir = "{output}"
output_name = "frog"
"""


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """The queue looks at what is under way more often."""
    monkeypatch.setattr("core.queue.POLL_SECONDS", 0.02)


def until(is_so, seconds=30):
    waits = threading.Event()
    for _ in range(seconds * 100):
        if is_so():
            return
        waits.wait(0.01)
    raise AssertionError("it did not happen")


def press(card, lang="en", **typed):
    """The button that puts the work of a card into the queue; gives what the card says."""
    data = {part: getattr(part, "value", None) for part in card.read_parts}
    data |= {card.parts[name]: value for name, value in typed.items()}
    return card.queue(data, lang)[card.parts["result"]]


def queue_html(app, lang="en"):
    return app.run.queue.show(lang)[app.run.queue.parts["list"]]


def resize(app, frogs, **typed):
    return press(
        app.tools["resize"], **{"source": str(frogs), "resolution": "64", "target": "small", **typed}
    )


def test_a_lora_its_smaller_copy_and_captions_in_one_go(app, window, tmp_path, monkeypatch):
    base, tagger = make_tiny(tmp_path / "base.safetensors"), stand_in(monkeypatch, tmp_path)
    pond = tmp_path / "pond" / "1_sls frog"
    pond.mkdir(parents=True)
    Image.new("RGB", (64, 64), (20, 120, 60)).save(pond / "a.png")
    window.runner = Runner()
    window.runner.may_start = window.may_start
    window.queue.add(RUN.format(base=base, images=pond.parent, output=window.output))
    source = str(window.output / "frog.safetensors")  # not there yet
    press(app.tools["resize-adapter"], source=source, rank="2", target="frog-2")
    fields = {"source": str(pond), "model": "other", "other": str(tagger)}
    said = list(app.captioner.start({"act": "queue", "fields": fields}, "en"))[-1]
    assert "Added to the queue: Caption images (1_sls frog)" in said[app.captioner.parts["result"]]
    assert [entry.name for entry in window.queue.look().waiting] == [
        "frog",
        "frog.safetensors → frog-2",
        "1_sls frog",
    ]
    window.queue.go_on()
    until(lambda: len(window.queue.look().finished) == 2, seconds=60)
    assert [one.status for one in window.queue.look().finished] == ["done", "done"]
    assert (window.workspace / "models" / "frog-2.safetensors").is_file()
    (captions,) = (path for path in pond.iterdir() if path.suffix != ".png")
    assert captions.read_text("utf-8").startswith("green (colour)")
    assert "1 image captioned" in app.captioner.shown("en") and "1 image captioned" in queue_html(app)


def test_a_tool_behind_a_run_shows_what_it_works_on_and_its_card_the_result(app, window, frogs):
    starting.start(window, app.form, demo_raw(app), "en")
    assert "Added to the queue: Resize and crop images (my frogs → small)" in resize(app, frogs)
    page = queue_html(app, "ja")
    assert "my frogs → small" in page and 'data-act="remove"' in page and 'data-act="edit"' not in page
    assert not (window.workspace / "resized").exists()
    window.runner.current.status = "done"
    until(lambda: window.queue.look().finished)
    assert "3 images" in queue_html(app) and "3 images" in app.tools["resize"].shown("en")


@pytest.mark.parametrize("place", ["card", "queue"])
def test_stopped_in_either_place_it_stops(app, window, frogs, monkeypatch, place):
    goes_on = threading.Event()
    real = type(app.tools["resize"]._tool).start
    waiting = lambda tool, settings, work: (goes_on.wait(20), real(tool, settings, work))[1]  # noqa: E731
    monkeypatch.setattr(type(app.tools["resize"]._tool), "start", waiting)
    resize(app, frogs)
    window.queue.go_on()
    until(lambda: window.jobs["resize"].is_busy)
    assert "rw-bar" in queue_html(app) and 'data-act="stop"' in answer(window, "en", {})["parts"]["work"][1]
    app.tools["resize"].stop() if place == "card" else app.run.queue.act({"act": "stop"}, "en")
    assert "Stopping" in answer(window, "en", {})["parts"]["work"][1]
    goes_on.set()
    until(lambda: window.queue.look().finished)
    assert "Stopped." in queue_html(app) and "Stopped" in app.tools["resize"].shown("en")
    assert "work" not in answer(window, "en", {})["parts"]


def test_wrong_settings_are_said_and_not_queued(app, window, frogs):
    assert "rw-problems" in resize(app, frogs, target="a/b") and window.queue.look().waiting == ()
    fields = {"source": str(frogs), "general": "many"}
    (said,) = app.captioner.start({"act": "queue", "fields": fields}, "en")
    assert "Threshold" in said[app.captioner.parts["result"]] and window.queue.look().waiting == ()
    fields = {"source": "demo/train"}
    (said,) = app.captioner.start({"act": "queue", "fields": fields}, "en")
    assert "own captions stay" in said[app.captioner.parts["result"]] and window.queue.look().waiting == ()
    said_of_nothing = press(app.tools["compare"])
    assert "one of the two" in said_of_nothing and window.queue.look().waiting == ()


def test_what_goes_wrong_at_work_is_told_with_the_label_of_its_field(app, frogs):
    card = app.tools["compare"]
    data = {part: getattr(part, "value", None) for part in card.read_parts}
    *_, said = card.start(data | {card.parts["run"]: str(frogs)}, "en")
    assert "<code>Run</code>" in said[card.parts["result"]]
    assert "<code>学習</code>" in card.shown("ja")


def test_what_went_meanwhile_is_a_sentence_and_can_be_tried_again(app, window, frogs):
    resize(app, frogs)
    images = list(frogs.iterdir())
    for image in images:
        image.rename(image.with_name(f"{image.name}.away"))
    window.queue.go_on()
    until(lambda: window.queue.look().finished)
    (failed,) = window.queue.look().finished
    assert failed.status == "failed" and str(frogs) in failed.problems[0].en
    assert str(frogs) in queue_html(app) and 'data-act="repeat"' in queue_html(app)
    app.run.queue.act({"act": "repeat", "on": failed.entry.id}, "en")
    assert [entry.name for entry in window.queue.look().waiting] == ["my frogs → small"]
    app.run.queue.act({"act": "forget"}, "en")
    assert window.queue.look().finished == ()


def test_a_path_that_may_not_be_read_any_more_is_refused_when_its_turn_comes(app, window, frogs):
    resize(app, frogs)
    window.paths = Paths(window.paths.here, window.workspace, (), is_local=False)
    window.queue.go_on()
    until(lambda: window.queue.look().held == "refused")
    assert "is outside the folders" in window.queue.look().waiting[0].fault_en


def test_what_an_edited_file_says_is_written_below_the_workspace_and_nowhere_else(app, window, frogs):
    resize(app, frogs)
    window.queue.close()
    path = window.workspace / "queue.json"
    kept = json.loads(path.read_text("utf-8"))
    values = json.loads(kept["waiting"][0]["text"]) | {"target": str(frogs.parent / "elsewhere")}
    kept["waiting"][0]["text"] = json.dumps(values)
    path.write_text(json.dumps(kept), "utf-8")
    window.queue = RunQueue(path, lambda: window.runner, window.queued.begin)
    window.queue.go_on()
    until(lambda: window.queue.look().finished)
    assert (window.workspace / "resized" / "elsewhere").is_dir() and not (frogs.parent / "elsewhere").exists()


def test_the_end_of_a_tool_is_sent_where_that_of_a_run_is(app, window, frogs, monkeypatch):
    sent = []
    monkeypatch.setattr("core.webhook._post", lambda url, body: sent.append(json.loads(body)))
    monkeypatch.setenv("RAREWORD_WEBHOOK", "https://example.org/x")
    resize(app, frogs)
    window.queue.go_on()
    until(lambda: sent)
    assert sent[0]["status"] == "done" and "3 images" in sent[0]["text"]


def test_a_tool_put_behind_a_run_is_begun_in_its_turn_and_seen_in_both_places(at, frogs):
    page = at()
    run = page.stage.show("running")
    page.tool("card-resize")
    for name, text in (("source", str(frogs)), ("resolution", "64"), ("name", "small")):
        page.fill(f"resize-{name}", text)
    page.page.locator("#resize-queue").click()
    page.page.locator("#resize-result .is-good", has_text="my frogs → small").wait_for()
    page.page.locator(".rw-queue li", has_text="my frogs → small").wait_for(state="attached")
    assert not page.page.locator("#card-resize .rw-stop").is_visible()
    run.end("done", 20)
    said = at.words("3 images", "画像3枚")
    page.page.locator(".rw-queue-over li .is-good", has_text=said).wait_for(state="attached")
    page.page.locator("#resize-result .is-good", has_text=said).wait_for()
