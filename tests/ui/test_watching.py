"""What a run tells those who look on: title of the tab, notice, announcement, computer, a slow first step."""

from __future__ import annotations

import dataclasses
import re
import time

import pytest
from PIL import Image

from core.events import Paused, Saved
from tests.test_lineage import a_run, state_of
from tests.ui.fake import FixedLoad, demo_raw
from ui.run import machine
from ui.run.polling import answer
from ui.window import PROJECT
from ui.window.last_run import last_story


def started(app):
    app.run._answer(app.run.acts["start"], demo_raw(app), "en", None)
    return app._window.runner.current


def shown(app, name, lang="en"):
    return answer(app._window, lang, {})["parts"][name][1]


def test_the_title_of_the_tab_tells_the_percent_while_it_trains_and_else_the_state(app):
    assert 'data-tab="Rareword"' in shown(app, "tab")
    run = started(app)
    run.plan()
    run.step(9, total=20)
    assert 'data-tab="45% · sls_frog · Rareword"' in shown(app, "tab")
    assert 'data-tab-live="yes"' in shown(app, "tab")
    run.status = "paused"
    assert 'data-tab="一時停止中 · sls_frog · Rareword"' in shown(app, "tab", "ja")
    run.end("done", 20)
    told = shown(app, "tab")
    assert 'data-tab="Done · sls_frog · Rareword"' in told
    assert 'data-tab-live=""' in told and 'data-tab-said="Ended at step 20."' in told


def test_a_state_is_read_out_once_and_not_every_step(app):
    assert shown(app, "said") == ""
    run = started(app)
    run.plan()
    told = []
    for step in (1, 2):
        run.step(step)
        told.append(answer(app._window, "en", {})["parts"]["said"])
    assert told[0] == told[1] and told[0][1] == "Training: sls_frog"
    run.log(Paused(2))
    run.status = "paused"
    assert shown(app, "said") == "Paused: sls_frog, step 2"
    run.end("stopped", 3)
    assert shown(app, "said", "ja") == "停止: sls_frog, ステップ3"


def test_the_panel_is_named_by_its_run(app):
    assert '<h2 id="run-name">Training run</h2>' in shown(app, "heading")
    started(app)
    assert '<h2 id="run-name">学習：sls_frog</h2>' in shown(app, "heading", "ja")


def test_a_computer_without_gpu_tells_of_cpu_and_ram(app):
    load = dataclasses.replace(FixedLoad.load, gpu=None)
    line = machine.line_html(load, "en")
    assert ("CPU 12%" in line, "RAM 9 / 32 GiB" in line, "disk 212 GiB free" in line) == (True, True, True)
    assert "GPU" not in line + machine.more_html(load, "en")


@pytest.mark.parametrize(
    ("free", "tone", "words"),
    [(9.9, "warn", "Only 9.9 GiB are free"), (1.9, "bad", "nearly full: 1.9 GiB free"), (10.1, "", "")],
)
def test_a_disk_with_little_room_is_marked_and_said(free, tone, words):
    load = dataclasses.replace(FixedLoad.load, disk_free=int(free * 2**30))
    assert (f'<b class="is-{tone}">' in machine.line_html(load, "en")) == bool(tone)
    more = machine.more_html(load, "en")
    assert (words in more) and ("rw-note" in more) == bool(words)


def test_a_slow_first_step_is_timed_before_the_first_report(app, monkeypatch):
    run = started(app)
    run.plan(steps=100)
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    for step, at in ((1, 1000.0), (2, 1030.0), (4, 1090.0)):
        run.at_step, now[0] = step, at
        head = shown(app, "head")
    assert "4 / 100" in head and "48:00 left" in head  # 96 steps of 30 s
    assert "30 s/step" in shown(app, "numbers")


def test_the_story_of_a_resumed_run_is_whole_after_a_restart(app, window):
    first = a_run(window.output, "20260101-000001", [10, 20, 30], state=20)
    a_run(window.output, "20260101-000002", [30, 40], state=40, resume=state_of(window.output, 20))
    assert first.is_dir()
    window.left.story = last_story(window.output)
    view, _ = window.look()
    assert [x for x, _ in view.losses.means] == [10, 20, 30, 40]
    assert [event.step for event in view.samples] == [10, 20, 30, 40] and view.at_step == 40


def test_the_time_of_a_resumed_run_begins_with_that_of_its_state(app, window, tmp_path):
    state = tmp_path / "sls_frog-step-00000020-state"
    state.mkdir()
    (state / "state.json").write_text('{"step": 20, "seconds": 754.0}', encoding="utf-8")
    text = (PROJECT / "demo" / "run.toml").read_text("utf-8")
    window.runner.start(text, [f"save.resume='{state}'"])
    assert '<time title="Elapsed">12:3' in shown(app, "head")  # 754 s are 12:34


def test_a_failure_is_read_out_with_its_reason(app):
    run = started(app)
    run.step(3)
    run.end("failed", 3)
    assert shown(app, "said") == "Failed: sls_frog, step 3, Ended at step 3."


def drawn(run, folder, prompt, seed, steps, number):
    for step in steps:
        path = folder / f"{number}-{step}.png"
        Image.new("RGB", (32, 32)).save(path)
        run.log(Saved("sample", str(path), step, {"prompt": prompt, "number": number, "seed": seed}))


def test_prompts_that_began_later_stand_apart_with_no_empty_cells(app, tmp_path):
    run = started(app)
    drawn(run, tmp_path, "sls frog", 1, (0, 100, 200), 0)
    drawn(run, tmp_path, "sls frog", 7, (150,), 1)
    drawn(run, tmp_path, "frog", 1, (0, 100, 200), 2)
    html = shown(app, "samples")
    first, later = html.split('<div class="rw-strip">')[1:]
    captions = re.compile(r"<figcaption>([^<]+)")
    assert captions.findall(first) == ["before", "step 100", "step 200"] * 2
    assert captions.findall(later) == ["step 150"] and "sls frog <small>seed 7</small>" in later
    assert "is-empty" not in html and "aria-hidden" not in html


def test_an_image_that_its_owner_deleted_leaves_its_place_empty(app, tmp_path):
    run = started(app)
    drawn(run, tmp_path, "sls frog", 1, (0, 100, 200), 0)
    (tmp_path / "0-100.png").unlink()
    html = shown(app, "samples")
    assert html.count("<figcaption>") == 2 and html.count('aria-hidden="true"') == 1


def test_what_a_running_training_saved_last_is_told_with_its_step(app, window):
    run = started(app)
    run.log(Saved("model", str(window.output / "sls_frog-step00000040.safetensors"), 40))
    assert "Last saved: sls_frog-step00000040.safetensors, step 40" in shown(app, "outcome")


def test_a_result_names_its_step_and_how_much_further_the_run_went(app, window):
    run = started(app)
    run.log(Saved("model", "/o/sls_frog-step00000132.safetensors", 132))
    run.end("failed", 174)
    told = shown(app, "outcome")
    assert "Result, step 132" in told and "Saved at step 132; the run went on to step 174." in told


def test_a_stopped_run_names_the_model_of_that_step_and_that_it_can_be_resumed(app, window):
    run = started(app)
    run.log(Saved("model", "/o/sls_frog-step00000174.safetensors", 174))
    run.end("stopped", 174, window.output / "sls_frog-step-00000174-state")
    told = shown(app, "outcome", "ja")
    assert "結果（ステップ174）" in told and "ステップ174で停止しました。「再開」で" in told
    assert "進みました" not in told


@pytest.mark.parametrize(("images", "is_demo"), [("demo/train", True), ("mine", False)])
def test_a_result_leads_to_trying_it_and_after_the_demo_to_images_of_ones_own(app, window, images, is_demo):
    text = (PROJECT / "demo" / "run.toml").read_text("utf-8")
    run = window.runner.start(text, [f"dataset.train_data_dir='{images}'"])
    path = window.output / "sls_frog.safetensors"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"weights")
    run.log(Saved("model", str(path), 20))
    run.end("done", 20)
    told = shown(app, "outcome")
    assert re.search(r'data-try="\w+/sls_frog.safetensors" data-goto="try-it" data-goto-tab="tools"', told)
    assert ("Now your own images" in told) == is_demo


def test_beside_the_last_model_of_a_run_stands_the_one_of_the_lowest_validation_loss(app, window):
    run = started(app)
    window.output.mkdir(exist_ok=True)
    for kind, step in (("best", 25), ("last", 35)):
        path = window.output / f"early-{kind}.safetensors"
        path.write_bytes(b"weights")
        run.log(Saved("model", str(path), step, {"kind": kind, "validation_loss": 0.20674}))
    assert "Lowest validation loss" not in shown(app, "outcome")
    run.end("done", 35)
    told = shown(app, "outcome")
    assert "Lowest validation loss, step 25: 0.2067" in told
    assert len(re.findall(r'data-try="\w+/early-(best|last)', told)) == 2


def test_a_curve_is_told_in_figures_and_bears_its_last_value(app):
    run = started(app)
    run.plan(steps=100)
    for step, loss in ((1, 0.2), (20, 0.1), (40, 0.15)):
        run.step(step, loss, total=100)
    chart = shown(app, "chart")
    assert 'role="img" aria-label="Loss: raw 0.2 → 0.15 (0.1 – 0.2); smoothed 0.2' in chart
    assert re.search(r'<b class="rw-now" style="--x:0.4000;top:[\d.]+%">0\.\d+</b>', chart)
    assert "<i>step</i>" in chart
