"""The run panel: what its buttons do and what it shows, with a runner that only pretends."""

from __future__ import annotations

import threading

import pytest
from PIL import Image

from core.config.check import load
from core.events import Saved, StageProgress, Warned
from tests.ui.fake import demo_raw
from ui.parts.chart import loss_chart, smoothed, thinned, ticks
from ui.window import PROJECT
from ui.window.run_view import RunView, Watcher, log_lines


@pytest.fixture
def panel(app):
    return app.run


def press(app, name, lang="en", seen=()):
    """What a click on a button gives: {name of the part: update}."""
    panel = app.run
    act = getattr(panel, f"_{name}")
    updates = panel._answer(act, demo_raw(app), lang, seen)
    return named(panel, updates)


def named(panel, updates):
    return {name: updates[part] for name, part in panel.parts.items() if part in updates}


def visible(updates):
    return {name for name in updates if isinstance(updates[name], dict) and updates[name].get("visible")}


def test_a_window_without_a_run_offers_start_and_check(app, panel):
    shown = named(panel, panel.show("en", ()))
    assert {"start", "check"} <= visible(shown) and not {"stop", "pause", "resume"} & visible(shown)
    assert "Ready" in shown["head"]


def test_start_gives_the_form_to_the_runner(app, window):
    shown = press(app, "start")
    run = window.runner.current
    assert run.config.network == load(PROJECT / "demo" / "run.toml").config.network
    assert {"stop", "pause", "save", "sample"} <= visible(shown) and "start" not in visible(shown)
    assert shown["message"]["value"] == ""


def test_the_loss_of_held_out_pictures_is_shown_beside_the_training_loss(app, panel, window):
    press(app, "start")
    run = window.runner.current
    run.plan()
    run.step(1, 0.5)
    assert "held-out" not in named(panel, panel.show("en", ())).get("chart", "")
    run.step(2, 0.4, validation=0.625)
    run.step(3, 0.3)
    shown = named(panel, panel.show("en", ()))
    assert "held-out pictures" in shown["chart"] and "Validation loss" in shown["head"]
    assert "0.6250" in shown["head"]


def test_two_starts_at_once_give_one_run(app, window):
    threads = [threading.Thread(target=press, args=(app, "start")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(window.runner.runs) == 1


def test_a_second_start_says_that_a_run_is_under_way(app):
    press(app, "start")
    assert "学習を実行中" in press(app, "start", "ja")["message"]["value"]


def test_what_is_wrong_is_told_with_option_and_line_and_nothing_starts(app, window):
    raw = {**demo_raw(app), "train.learning_rate": "<b>fast</b>"}
    updates = named(app.run, app.run._answer(app.run._check, raw, "en", ()))
    html = updates["message"]["value"]
    assert "Learning rate" in html and "train.learning_rate" in html and "line " in html
    assert "<b>fast" not in html and "&lt;b&gt;fast" in html
    assert window.runner.current is None


def test_check_counts_pictures_steps_and_epochs(app):
    assert "10 pictures, 300 steps, 3 epochs" in press(app, "check")["message"]["value"]


def test_pause_continue_and_stop_reach_the_run(app, window):
    press(app, "start")
    control = window.runner.current.control
    press(app, "pause")
    assert control.is_paused
    press(app, "go_on")
    assert not control.is_paused
    press(app, "stop")
    assert control.is_stopping


def test_without_a_run_the_buttons_say_so(app):
    assert "No training is running" in press(app, "stop")["message"]["value"]
    assert "no saved state" in press(app, "resume")["message"]["value"]


def test_a_stopped_run_is_resumed_from_its_state_with_its_own_settings(app, window, tmp_path):
    press(app, "start")
    run = window.runner.current
    state = tmp_path / "a state" / "step-00000010-state"
    state.mkdir(parents=True)
    (state / "state.json").write_text('{"step": 10}', encoding="utf-8")
    run.plan()
    run.step(10)
    run.end("stopped", 10, state)
    shown = named(app.run, app.run.show("en", ()))
    assert shown["resume"]["visible"] and shown["resume"]["value"] == "Resume from step 10"
    press(app, "resume")
    again = window.runner.current
    assert again is not run and again.config.save.resume == str(state)
    assert again.config.train == run.config.train
    again.end("failed", 10)
    assert named(app.run, app.run.show("en", ()))["resume"]["value"] == "Resume from step 10"


def test_a_finished_run_offers_no_resume_and_names_its_result(app, window, tmp_path):
    press(app, "start")
    run = window.runner.current
    run.log(Saved("model", str(tmp_path / "last.safetensors"), 20))
    run.end("done", 20, tmp_path)
    shown = named(app.run, app.run.show("en", ()))
    assert not shown["resume"]["visible"] and "last.safetensors" in shown["outcome"]


def test_a_page_that_knows_everything_is_sent_nothing(app, window):
    press(app, "start")
    run = window.runner.current
    run.step(1)
    run.end("done", 1)
    first = app.run.show("en", ())
    seen = first[app.run.parts["seen"]]
    assert app.run.show("en", seen) == {}
    assert app.run.show("ja", seen) != {}
    assert named(app.run, app.run.show("en", ())).keys() == named(app.run, first).keys()


def test_names_and_prompts_are_shown_as_text_only(app, window, tmp_path):
    press(app, "start")
    run = window.runner.current
    picture = tmp_path / "sample.png"
    Image.new("RGB", (64, 64)).save(picture)
    bad = "<img src=x onerror=alert(1)>"
    run.log(Saved("sample", str(picture), 0, {"prompt": bad, "number": 0, "seed": 1}))
    run.log(Warned("W-X", bad, bad, f"/tmp/{bad}"))
    run.log(StageProgress(bad, 1, 2))
    run.end("failed", 0)
    shown = named(app.run, app.run.show("en", ()))
    for part in ("head", "outcome", "samples", "notices"):
        assert "<img src=x" not in shown[part]
    assert "&lt;img src=x" in shown["samples"]


def test_samples_stand_in_rows_by_prompt_with_before_and_the_latest(app, window, tmp_path):
    press(app, "start")
    run = window.runner.current
    for step in (0, 100, 200, 300, 400):
        for number, prompt in enumerate(("sls frog", "frog")):
            path = tmp_path / f"{step}-{number}.png"
            Image.new("RGB", (32, 32), (step // 2, 0, 0)).save(path)
            run.log(Saved("sample", str(path), step, {"prompt": prompt, "number": number, "seed": 1}))
    html = named(app.run, app.run.show("en", ()))["samples"]
    assert html.index("sls frog") < html.index('rw-prompt">frog')
    assert html.count("before") // 3 == 2 and "step 100" not in html and html.count(">step 400<") == 2
    assert str(tmp_path) not in html.replace(str(window.cache), "")


def test_events_are_folded_once_and_replayed_to_every_page():
    class Run:
        pass

    from core.control import RunControl
    from core.events import EventLog, StepDone

    run = Run()
    run.log, run.control, run.started, run.status = EventLog(), RunControl(), 0.0, "running"
    watcher = Watcher()
    for n in range(1, 6):
        run.log(StepDone(n, 10, 1, 0.5 / n, {"unet": 1e-4, "text_encoder": 5e-5}, 1.0, 2.0))
    view, version = watcher.look(run)
    again, same = watcher.look(run)
    assert view is again and version == same
    assert [x for x, _ in view.losses] == [1, 2, 3, 4, 5]
    assert view.seconds_left == 10.0
    assert "unet 0.0001, text_encoder 5e-05" in log_lines(view, "en")[-1]


def test_the_log_keeps_two_hundred_lines():
    from core.events import StepDone

    view = RunView()
    for n in range(1000):
        view.take(StepDone(n, 1000, 1, 0.1, {"unet": 1e-4}, 1.0, 0.1))
    assert len(log_lines(view, "en")) == 200


def test_a_long_curve_is_thinned_without_losing_a_spike():
    points = [(float(n), 0.1) for n in range(20_000)]
    points[12_345] = (12_345.0, 9.0)
    thin = thinned(points)
    assert len(thin) <= 500 and max(y for _, y in thin) == 9.0
    assert thin == sorted(thin)


def test_the_smoothed_curve_starts_at_the_first_value_and_stays_between():
    curve = smoothed([(0, 4.0), *((n, 1.0) for n in range(1, 50))])
    assert curve[0] == (0, 4.0) and 1.0 < curve[10][1] < 4.0


def test_marks_of_the_axis_are_round_numbers_around_the_curve():
    assert ticks(0.107, 0.22) == pytest.approx([0.1, 0.15, 0.2, 0.25])
    assert ticks(1.0, 1.0)[0] <= 1.0 <= ticks(1.0, 1.0)[-1]


def test_a_curve_needs_two_points_and_leaves_out_what_is_not_finite():
    assert loss_chart([(1, 0.5)], 10, "en") == ""
    assert "nan" not in loss_chart([(1, 0.5), (2, float("nan")), (3, 0.4), (4, float("inf"))], 10, "en")
