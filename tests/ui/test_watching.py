"""What a run tells those who look on: title of the tab, notice, announcement, computer, a slow first step."""

from __future__ import annotations

import dataclasses
import time

import pytest

from core.events import Paused
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
