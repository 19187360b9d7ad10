"""The run panel: what its buttons do and what it shows, with a runner that only pretends."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest
from PIL import Image

from core.config.check import load
from core.config.file import toml_text
from core.errors import Message
from core.events import Paused, PlanReady, RunEnded, Saved, StageProgress, StepDone, Warned, to_json
from tests.ui.fake import demo_raw
from ui.parts.chart import loss_chart, smoothed, ticks, whole_ticks
from ui.parts.curve import Curve
from ui.parts.numbers import short_text
from ui.run import stopping
from ui.run.log import log_text
from ui.run.polling import answer
from ui.run.status_html import outcome_html
from ui.window import PROJECT
from ui.window.last_run import Unfinished, last_story, look_in_background
from ui.window.run_state import RunView, Watcher, log_lines


@pytest.fixture
def panel(app):
    return app.run


def press(app, name, lang="en"):
    """What a click on a button gives: {name of the part: update}."""
    panel = app.run
    return named(panel, panel._answer(panel.acts[name], demo_raw(app), lang, None))


def named(panel, updates):
    return {name: updates[part] for name, part in panel.parts.items() if part in updates}


def looked(app, lang="en", columns=12):
    """Everything of the panel as a page that was just opened gets it: Gradio's parts, and HTML."""
    return named(app.run, app.run.show(lang)) | html_of(answer(app._window, lang, {}, columns))


def html_of(answered):
    return {name: html for name, (_, html) in answered["parts"].items()}


def words_of(answered):
    """What a page that has taken this answer says it has."""
    return {name: word for name, (word, _) in answered["parts"].items()}


def test_a_last_save_that_waits_for_room_is_given_up_only_when_asked(app, window):
    run = window.runner.start(toml_text.read(PROJECT / "demo" / "run.toml"))
    run.plan()
    press(app, "stop")
    run.log(StageProgress("room", 0, 1))
    run.status = "stopping"
    shown = looked(app)
    assert shown["stop"]["interactive"] and shown["stop"]["value"] == "Stop without saving…"
    assert "Free some space" in shown["head"] and "Waiting for room on the disk" in shown["head"]
    asked = press(app, "stop")["message"]["value"]
    assert not run.control.gives_up and 'data-act="stop-unsaved"' in asked
    assert stopping.stop(window, "en", "stop-unsaved") == ("", "run") and run.control.gives_up


def visible(updates):
    return {name for name in updates if isinstance(updates[name], dict) and updates[name].get("visible")}


OWN = {
    "dataset.train_data_dir": "mine",
    "dataset.reg_data_dir": "",
    "model.base": "m.ckpt",
    "dataset.resolution": "512",
    "dataset.max_bucket_reso": "1024",
    "sample.sample_prompts": "shs dog",
}
"""Settings of one who has left the demo."""


def test_a_window_without_a_run_offers_start_and_check(app, panel):
    shown = looked(app)
    assert {"start", "check"} <= visible(shown) and not {"stop", "pause", "resume"} & visible(shown)
    assert "Ready" in shown["head"]


@pytest.mark.parametrize(
    ("settings", "said", "leads_to"),
    [
        ({}, "The demo is filled in", None),
        ({"dataset.train_data_dir": "datasets/mine"}, "choose your own base model", "opt-model-base"),
        ({"model.base": "mine.safetensors"}, "choose a preset", "preset-choice"),
        (
            {"dataset.train_data_dir": "mine", "model.base": "m.ckpt", "train.learning_rate": "1e-4"},
            "choose regularization images, or none",
            "opt-dataset-reg-data-dir",
        ),
        (
            {k: v for k, v in OWN.items() if k != "sample.sample_prompts"},
            "enter sample prompts",
            "opt-sample-sample-prompts",
        ),
        (OWN, "Everything is filled in", None),
        ({"dataset.train_data_dir": " "}, "choose your training images", "opt-dataset-train-data-dir"),
        (
            {**OWN, "dataset.train_data_dir": "", "dataset.in_json": "m.json"},
            "Everything is filled in",
            None,
        ),
        ({"model.base": ""}, "choose the base model", "opt-model-base"),
        (
            {"model.base": "m.ckpt", "dataset.resolution": "512", "dataset.max_bucket_reso": "1024"},
            "Everything is filled in",
            None,
        ),
        (
            {**OWN, "dataset.max_bucket_reso": "128"},
            "correct “Largest bucket side”",
            "opt-dataset-max-bucket-reso",
        ),
    ],
)
def test_before_the_first_run_it_is_said_what_is_still_missing(app, window, settings, said, leads_to):
    window.draft.keep(settings)
    head = looked(app)["head"]
    assert said in head and ("<strong>Ready" in head) == (leads_to is None)
    assert re.findall(r'data-goto="([^"]*)"', head) == ([leads_to] if leads_to else [])


def test_a_page_is_told_when_a_setting_without_which_nothing_starts_is_emptied(app, window):
    has = words_of(answer(window, "en", {}))
    assert "head" not in html_of(answer(window, "en", has))
    window.draft.keep({"model.base": ""})
    assert "Not ready yet" in html_of(answer(window, "en", has))["head"]


def test_start_gives_the_form_to_the_runner(app, window):
    shown = press(app, "start")
    run = window.runner.current
    assert run.config.network == load(PROJECT / "demo" / "run.toml").config.network
    assert {"stop", "pause", "save", "sample"} <= visible(shown) and "start" not in visible(shown)
    assert shown["message"]["value"] == ""


def test_the_loss_of_held_out_images_is_shown_beside_the_training_loss(app, panel, window):
    press(app, "start")
    run = window.runner.current
    run.plan()
    run.step(1, 0.5)
    assert "validation images" not in looked(app).get("chart", "")
    run.step(2, 0.4, validation=0.625)
    run.step(3, 0.3)
    shown = looked(app)
    assert "validation images" in shown["chart"] and "Validation loss" in shown["numbers"]
    assert "0.6250" in shown["numbers"]


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


def test_what_is_wrong_is_told_with_its_option_and_nothing_starts(app, window):
    raw = {**demo_raw(app), "train.learning_rate": "<b>fast</b>"}
    updates = named(app.run, app.run._answer(app.run.acts["check"], raw, "en", None))
    html = updates["message"]["value"]
    assert "Learning rate" in html and "train.learning_rate" in html and "line " not in html
    assert 'data-goto="opt-train-learning-rate"' in html and 'data-wrong="opt-train-learning-rate"' in html
    assert "<b>fast" not in html and "&lt;b&gt;fast" in html
    assert window.runner.current is None


def test_why_a_run_was_refused_leads_to_the_option_and_names_no_line_of_its_own_file(app, window):
    press(app, "start")
    en = "line 95: train.learning_rate: must be above 0\nfolder: not there"
    ja = "95行目: train.learning_rate: 0より大きい値が必要です\nfolder: ありません"
    window.runner.current.log(RunEnded("refused", 2, 0, en, ja))
    window.runner.current.status = "refused"
    for lang, said in (("en", "Must be above 0"), ("ja", "0より大きい値")):
        html = looked(app, lang)["outcome"]
        assert 'data-goto="opt-train-learning-rate"' in html and said in html and "folder: " in html
        assert "95" not in html


def test_check_counts_images_steps_and_epochs(app):
    assert "10 images, 300 steps, 3 epochs" in press(app, "check")["message"]["value"]


def test_pause_continue_and_stop_reach_the_run(app, window):
    press(app, "start")
    control = window.runner.current.control
    press(app, "pause")
    assert control.is_paused
    press(app, "go_on")
    assert not control.is_paused
    press(app, "stop")
    assert control.is_stopping


def test_samples_of_a_run_without_prompts_are_refused(app):
    raw = {**demo_raw(app), "sample.sample_prompts": ""}
    raw |= {"sample.sample_every_n_steps": "", "sample.sample_at_first": False}
    app.run._answer(app.run.acts["start"], raw, "en", None)
    assert "Enter a sample prompt first" in press(app, "sample")["message"]["value"]


def test_a_sheet_of_samples_is_logged_as_one():
    view = RunView()
    view.take(Saved("sheet", "/out/sheet.png", 20))
    assert [line.text for line in log_lines(view, "en")] == ["Sample sheet: /out/sheet.png"]


def test_without_a_run_the_buttons_say_so(app):
    assert "No run is in progress" in press(app, "stop")["message"]["value"]
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
    shown = looked(app)
    assert shown["resume"]["visible"] and shown["resume"]["value"] == "Resume from step 10"
    press(app, "resume")
    again = window.runner.current
    assert again is not run and again.config.save.resume == str(state)
    assert again.config.train == run.config.train
    again.end("failed", 10)
    assert looked(app)["resume"]["value"] == "Resume from step 10"


def test_a_resume_refused_for_what_has_changed_may_be_pressed_again_for_all_that(app, window, tmp_path):
    press(app, "start")
    state = tmp_path / "a state" / "step-00000010-state"
    state.mkdir(parents=True)
    (state / "state.json").write_text('{"step": 10}', encoding="utf-8")
    window.runner.current.end("stopped", 10, state)
    press(app, "resume")
    assert not window.runner.current.config.save.resume_anyway
    window.runner.current.log(RunEnded("refused", 2, 0, "Images changed.", "画像。", code="E-RESUME-PLAN"))
    window.runner.current.status = "refused"
    assert looked(app)["resume"]["value"] == "Resume from step 10 anyway"
    press(app, "resume")
    assert window.runner.current.config.save.resume_anyway
    window.runner.current.end("stopped", 12)
    press(app, "resume")
    assert not window.runner.current.config.save.resume_anyway


def test_a_finished_run_offers_no_resume_and_names_its_result(app, window, tmp_path):
    press(app, "start")
    run = window.runner.current
    run.log(Saved("model", str(tmp_path / "last.safetensors"), 20))
    run.end("done", 20, tmp_path)
    shown = looked(app)
    assert not shown["resume"]["visible"] and "last.safetensors" in shown["outcome"]


def test_a_page_that_knows_everything_is_sent_nothing(app, window):
    press(app, "start")
    run = window.runner.current
    run.step(1)
    run.end("done", 1)
    has = words_of(answer(window, "en", {}))
    assert answer(window, "en", has)["parts"] == {}
    assert answer(window, "ja", has)["parts"].keys() == has.keys()


def test_a_step_is_sent_without_the_parts_that_it_does_not_change(app, window):
    press(app, "start")
    run = window.runner.current
    run.plan()
    run.step(1)
    has = words_of(answer(window, "en", {}))
    run.step(2)
    assert answer(window, "en", has)["parts"].keys() == {"head", "tab", "chart", "rates", "log"}


def test_only_what_gradio_draws_is_news_for_it(app, window):
    def news():
        return answer(window, "en", {})["news"]

    told = [news()]
    press(app, "start")
    told.append(news())
    run = window.runner.current
    run.plan()
    run.step(1)
    run.log(Warned(Message("W-X", "look here", "ここ")()))
    assert news() == told[-1]
    assert told[-1] in named(app.run, app.run.show("en"))["news"]
    run.log(Saved("state", "/a/state", 1))
    told.append(news())
    press(app, "queue")
    told.append(news())
    run.end("done", 2)
    told.append(news())
    assert len({*told}) == 5


def test_names_and_prompts_are_shown_as_text_only(app, window, tmp_path):
    press(app, "start")
    run = window.runner.current
    image = tmp_path / "sample.png"
    Image.new("RGB", (64, 64)).save(image)
    bad = "<img src=x onerror=alert(1)>"
    run.log(Saved("sample", str(image), 0, {"prompt": bad, "number": 0, "seed": 1}))
    run.log(Warned(Message("W-X", bad, bad)(path=f"/tmp/{bad}")))
    run.log(StageProgress(bad, 1, 2))
    run.end("failed", 0)
    shown = looked(app)
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
    html = looked(app)["samples"]
    assert html.index('data-prompt="sls frog · seed 1"') < html.index('data-prompt="frog · seed 1"')
    assert html.count("<figcaption>before<") == 2 and html.count("<figcaption>step 400<") == 2
    assert str(tmp_path) not in html.replace(str(window.cache), "")


def test_events_are_folded_once_and_replayed_to_every_page(tmp_path):
    class Run:
        pass

    from core.events import EventLog

    run = Run()
    run.log, run.folder, run.started, run.status = EventLog(), tmp_path, 0.0, "running"
    run.at_step = 0
    watcher = Watcher()
    for n in range(1, 6):
        run.log(StepDone(n, 10, 1, 0.5 / n, {"unet": 1e-4, "text_encoder": 5e-5}, 1.0, 2.0))
    view, version = watcher.look(run)
    again, same = watcher.look(run)
    assert view is again and version == same
    assert view.losses.means == [(n, 0.5 / n) for n in range(1, 6)]
    assert view.seconds_left == 10.0
    assert "unet 1e-4, text_encoder 5e-5" in log_lines(view, "en")[-1].text


def test_the_step_moves_between_two_reports_and_a_resumed_run_begins_where_its_state_was(app, window):
    press(app, "start")
    run = window.runner.current
    run.log(PlanReady(4, 0, 40, 10, 300, 2, (), step=174))
    assert "174 / 300" in looked(app)["head"]
    run.at_step = 177
    assert "177 / 300" in looked(app)["head"]


def saved_at(run, folder, step):
    """The run keeps its state at this step; as one Resume goes on from."""
    state = folder / f"step-{step}-state"
    state.mkdir()
    (state / "state.json").write_text(f'{{"step": {step}}}', encoding="utf-8")
    run.end("stopped", step, state)


def test_a_resumed_run_begins_with_the_curve_and_samples_of_all_before_it_up_to_its_state(
    app, window, tmp_path
):
    press(app, "start")
    first = window.runner.current
    for step in (10, 20, 30):
        first.step(step, loss=step / 100, total=90)
        first.log(Saved("sample", str(tmp_path / f"{step}.png"), step, {"prompt": "a", "number": 0}))
    saved_at(first, tmp_path, 25)  # the state of step 30 was lost
    press(app, "resume")
    view, _ = window.look()
    assert view.losses.means == [(10, 0.1), (20, 0.2)] and [s.step for s in view.samples] == [10, 20]
    assert view.step is None and view.logged == [] and view.model_path == view.state_path == ""
    second = window.runner.current
    second.step(30, loss=0.7, total=90)
    saved_at(second, tmp_path, 30)
    press(app, "resume")
    view, _ = window.look()
    assert view.losses.means == [(10, 0.1), (20, 0.2), (30, 0.7)] and view.rates["unet"].last == 30
    assert [s.step for s in view.samples] == [10, 20]


@pytest.mark.parametrize(("name", "curve"), [("frog", [(10, 0.1)]), ("newt", [])])
def test_a_run_resumed_by_auto_begins_with_the_curve_of_its_own_folder_and_name(
    window, tmp_path, name, curve
):
    text = (PROJECT / "demo" / "run.toml").read_text(encoding="utf-8")
    overrides = [f"save.output_dir='{tmp_path}'", "save.resume='auto'"]
    first = window.runner.start(text, [*overrides, "save.output_name='frog'"])
    window.look()
    for step in (10, 20):
        first.step(step, loss=step / 100)
    first.end("stopped", 10, tmp_path / "frog-step-00000010-state")
    second = window.runner.start(text, [*overrides, f"save.output_name='{name}'"])
    assert window.look()[0].losses.means == curve and second.config.save.resume == "auto"


def test_a_new_run_has_nothing_of_the_run_before_it(app, window, tmp_path):
    press(app, "start")
    window.runner.current.step(3)
    saved_at(window.runner.current, tmp_path, 3)
    press(app, "start")
    view, _ = window.look()
    assert view.losses.means == [] and window.runner.current.config.save.resume is None


def test_a_sample_that_is_drawn_is_told_by_its_image_and_not_by_its_steps(app, window):
    press(app, "start")
    window.runner.current.log(StageProgress("sample", 24, 150, item=1, items=5))
    assert "image 1 of 5" in looked(app)["head"] and "24/150" not in looked(app)["head"]
    assert "1/5枚目" in looked(app, "ja")["head"]


def test_the_log_keeps_the_last_sixty_steps_and_what_was_said_long_before_them():
    view = RunView()
    view.take(Warned(Message("W-X", "look here", "ここ")()))
    for n in range(1000):
        view.take(StepDone(n, 1000, 1, 0.1, {"unet": 1e-4}, 1.0, 0.1))
    lines = log_lines(view, "en")
    assert [line.level for line in lines] == ["warn"] + ["step"] * 60
    assert "look here" in lines[0].text and "step 999/1000" in lines[-1].text


def test_twenty_thousand_steps_are_a_small_page_and_one_more_costs_next_to_nothing(app, window):
    press(app, "start")
    run = window.runner.current
    for n in range(1, 20_001):
        run.step(n, 0.1 if n != 12_345 else 9.0, total=20_000)
    has = words_of(answer(window, "en", {}))
    run.step(20_001, 0.1, total=20_001)
    before = time.process_time()
    sent = html_of(answer(window, "en", has))
    assert time.process_time() - before < 0.1
    assert len(repr(sent)) < 60_000 and ">10<" in sent["chart"]
    assert html_of(answer(window, "en", words_of(answer(window, "en", {})))).keys() <= {"head"}


def test_a_curve_keeps_its_means_and_spikes_whatever_its_length():
    curve = Curve(((float(n), 1.0) for n in range(1, 1001)), most=10)
    curve.add(1001.0, 9.0)
    curve.add(1002.0, float("nan"))
    assert len(curve) <= 10 and (1001.0, 9.0) in curve.ends and curve.last == 1001.0
    assert curve.means[0][1] == 1.0 and [x for x, _ in curve.means] == sorted(x for x, _ in curve.means)
    assert Curve([(1.0, 2.0), (2.0, 4.0)]).means == [(1.0, 2.0), (2.0, 4.0)]


def test_the_mean_of_a_bin_is_that_of_its_points():
    curve = Curve([(1.0, 1.0), (2.0, 3.0), (3.0, 5.0), (4.0, 7.0), (5.0, 9.0)], most=2)
    assert curve.means == [(2.5, 4.0), (5.0, 9.0)]
    assert curve.ends == [(1.0, 1.0), (4.0, 7.0), (5.0, 9.0)]


def test_learning_rates_are_curves_and_groups_that_learn_alike_are_one(app, window):
    press(app, "start")
    run = window.runner.current
    for n in (1, 2, 3):
        run.log(StepDone(n, 3, 1, 0.1, {"unet": n * 1e-4, "text_encoder": 5e-5, "te2": 5e-5}, 1.0, 0.5))
    rates = looked(app)["rates"]
    assert "U-Net" in rates and "text encoder +1" in rates and rates.count("<polyline") == 2


def test_what_is_done_between_steps_says_how_long_it_will_take(app, window):
    press(app, "start")
    run = window.runner.current
    run.log(StageProgress("cache_latents", 0, 100, time=1000.0))
    run.log(StageProgress("cache_latents", 20, 100, time=1010.0))
    head = looked(app)["head"]
    assert "Encoding images 20/100 · 0:40 left" in head and "width:20.0%" in head


def test_a_file_that_is_waited_for_is_named_until_it_has_come(app, window):
    press(app, "start")
    run = window.runner.current
    run.log(StageProgress("check_images", 3, 8))
    run.log(StageProgress("wait", 0, 1, path="/net/a.png"))
    assert "Waiting for /net/a.png" in looked(app)["head"]
    assert "/net/a.png の読み込み待ちです" in looked(app, "ja")["head"]
    run.log(StageProgress("wait", 1, 1))
    assert "/net/a.png" not in looked(app)["head"]


def test_a_model_that_is_fetched_is_counted_in_mebibytes(app, window):
    press(app, "start")
    window.runner.current.log(StageProgress("fetch_model", 850, 4270))
    assert "Downloading the model 850/4270 MiB" in looked(app)["head"]
    assert "モデルをダウンロード中 850/4270 MiB" in looked(app, "ja")["head"]


def test_the_memory_of_the_process_is_shown_where_there_is_no_gpu(app, window):
    press(app, "start")
    run = window.runner.current
    run.log(StepDone(1, 3, 1, 0.1, {"unet": 1e-4}, 1.0, 0.5, ram_bytes=3 * 2**30))
    numbers = looked(app)["numbers"]
    assert "<dt>Memory</dt><dd>3.0 GiB</dd>" in numbers and "GPU" not in numbers


def test_the_log_is_downloaded_with_what_the_run_folder_tells(app, window):
    press(app, "start")
    run = window.runner.current
    run.log(Warned(Message("W-X", "look here", "ここ")()))
    (run.folder / "log.txt").write_text("Traceback in full", encoding="utf-8")
    text = log_text(window, "en")
    assert "look here" in text and text.endswith("Traceback in full\n")


def test_a_long_curve_is_thinned_without_losing_a_spike():
    points = [(float(n), 0.1) for n in range(20_000)]
    points[12_345] = (12_345.0, 9.0)
    thin = Curve(points).ends
    assert len(thin) <= 800 and max(y for _, y in thin) == 9.0
    assert thin == sorted(thin)


def test_the_smoothed_curve_starts_at_the_first_value_and_stays_between():
    curve = smoothed([(0, 4.0), *((n, 1.0) for n in range(1, 50))])
    assert curve[0] == (0, 4.0) and 1.0 < curve[10][1] < 4.0


def test_marks_of_the_axis_are_round_numbers_around_the_curve():
    assert ticks(0.107, 0.22) == pytest.approx([0.1, 0.15, 0.2, 0.25])
    assert ticks(1.0, 1.0)[0] <= 1.0 <= ticks(1.0, 1.0)[-1]


@pytest.mark.parametrize(
    ("last", "marks"),
    [
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (150, [0, 50, 100, 150]),
        (211, [0, 50, 100, 150, 200]),
        (2000, [0, 500, 1000, 1500, 2000]),
    ],
)
def test_marks_below_the_curve_are_round_steps(last, marks):
    assert whole_ticks(last) == marks


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0524, "0.0524"),
        (0.0001, "1e-4"),
        (1.5e-3, "0.0015"),
        (5.73, "5.73"),
        (57_312.0, "57,300"),
        (1e5, "1e5"),
        (1.5e6, "1.5e6"),
        (0.0, "0"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, text):
    assert short_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "en", "ja"),
    [
        (0.25, "4.0 steps/s", "4.0ステップ/秒"),
        (5.7, "5.7 s/step", "5.7秒/ステップ"),
        (57_000.0, "15:50:00 per step", "1ステップ15:50:00"),
    ],
)
def test_a_step_is_told_in_seconds_or_where_it_is_long_in_hours(app, window, seconds, en, ja):
    press(app, "start")
    window.runner.current.log(StepDone(1, 300, 1, 0.1, {"unet": 1e-4}, 1.0, seconds))
    assert en in looked(app)["numbers"] and ja in looked(app, "ja")["numbers"]


def test_a_curve_needs_two_points_and_leaves_out_what_is_not_finite():
    assert loss_chart(Curve([(1, 0.5)]), 10, "en") == ""
    assert "nan" not in loss_chart(
        Curve([(1, 0.5), (2, float("nan")), (3, 0.4), (4, float("inf"))]), 10, "en"
    )


def a_run_that_left(folder, events):
    """A run folder as the core leaves it, with these events."""
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text('[save]\noutput_name = "my frog"\n', encoding="utf-8")
    (folder / "events.jsonl").write_text("".join(to_json(e) + "\n" for e in events), encoding="utf-8")


def test_a_window_tells_the_story_of_the_run_before_it_was_started(app, window):
    now = time.time()
    a_run_that_left(
        window.output / "runs" / "20260102-030405-my_frog",
        [StepDone(n, 20, 1, 0.5 / n, {"unet": 1e-4}, 1.0, 0.5, time=now + n) for n in range(1, 9)],
    )
    look_in_background(window.output, window.left).join(10)
    shown = looked(app)
    assert "Interrupted" in shown["head"] and "my frog" in shown["head"] and "8 / 20" in shown["head"]
    assert "after step 8" in shown["outcome"] and "<polyline" in shown["chart"]
    assert "step 8/20" in shown["log"] and {"start", "check"} <= visible(shown)
    press(app, "start")
    assert "my frog" not in looked(app)["head"]


def test_a_run_resumed_after_a_restart_begins_with_the_curve_of_its_story(app, window, tmp_path):
    state = tmp_path / "step-2-state"
    steps = [StepDone(n, 20, 1, 0.5 / n, {"unet": 1e-4}, 1.0, 0.5) for n in (1, 2, 3)]
    folder = window.output / "runs" / "20260102-030405-my_frog"
    a_run_that_left(folder, [*steps[:2], Saved("state", str(state), 2), steps[2]])
    window.left.story = last_story(window.output)
    window.left.unfinished = Unfinished(state, PROJECT / "demo" / "run.toml", "my frog", 2)
    press(app, "resume")
    view, _ = window.look()
    assert window.runner.current.config.save.resume == str(state)
    assert view.losses.means == [(1, 0.5), (2, 0.25)]


def test_the_story_of_a_run_that_came_to_its_end_says_so(app, window):
    a_run_that_left(
        window.output / "runs" / "20260102-030405-a",
        [StepDone(20, 20, 1, 0.5, {"unet": 1e-4}, 1.0, 0.5), RunEnded("done", 0, 20, "Done.", "完了。")],
    )
    window.left.story = last_story(window.output)
    shown = looked(app, "ja")
    assert "is-done" in shown["head"] and "完了。" in shown["outcome"] and "中断" not in shown["outcome"]


def draw(app, text, is_kept=False, lang="en"):
    def act(raw, lang):
        return app.run._draw_prompts(text, is_kept, lang)

    return named(app.run, app.run._answer(act, {}, lang, None))


def test_the_field_holds_the_prompts_of_the_run_with_all_their_options(app, window):
    shown = press(app, "start")
    lines = shown["prompts"]["value"].splitlines()
    assert lines[0].startswith("sls frog --") or " --w " in lines[0]
    assert all(" --w " in line and " --d " in line for line in lines)
    given = shown["given"]
    window.runner.current.step(1)
    assert "prompts" not in named(app.run, app.run.show("ja", given))  # what was typed there stays
    assert "prompts" not in named(app.run, app.run.show("ja", json.loads(json.dumps(given))))


def test_other_prompts_reach_the_run_and_stay_when_that_is_asked_for(app, window):
    press(app, "start")
    control = window.runner.current.control
    draw(app, "a toad --s 4\n\na newt", is_kept=True)
    wish = control.take_sample_now()
    assert wish.lines == ("a toad --s 4", "a newt") and wish.is_kept
    shown = looked(app)["prompts"]["value"]
    assert [line.split(" --")[0] for line in shown.splitlines()] == ["a toad", "a newt"]


@pytest.mark.parametrize("text", ["a toad --w wide", "a toad --x 3", "", "# nothing", "a\n" * 17])
def test_prompts_that_are_not_understood_are_refused_before_the_run_sees_them(app, window, text):
    press(app, "start")
    assert "rw-problems" in draw(app, text, lang="ja")["message"]["value"]
    assert window.runner.current.control.take_sample_now() is None


def test_a_pause_says_what_is_free_and_when_it_begins(app, window):
    press(app, "start")
    run = window.runner.current
    run.step(3)
    run.status = "pausing"
    shown = looked(app)
    assert "after the current step" in shown["numbers"] and shown["go_on"]["visible"]
    run.log(Paused(3, 5 * 2**30))
    run.status = "paused"
    assert "5.0 GiB of GPU memory are free" in looked(app)["numbers"]


@pytest.mark.parametrize(
    ("code", "changed", "label", "key", "value"),
    [
        ("E-OOM", {}, "radient checkpointing” to on", "train.gradient_checkpointing", True),
        (
            "E-OOM",
            {
                "dataset.train_batch_size": 4,
                "train.gradient_checkpointing": True,
                "dataset.cache_latents": True,
                "optimizer.optimizer_type": "AdamW8bit",
            },
            "Batch size” to 1",
            "dataset.train_batch_size",
            1,
        ),
        ("E-NUMERIC", {"train.precision": "fp16"}, "to bf16", "train.precision", "bf16"),
        ("E-NUMERIC", {"train.learning_rate": "1e5"}, "to 1e-4", "train.learning_rate", 1e-4),
        ("E-NUMERIC", {"train.text_encoder_lr": "5"}, "to 5e-5", "train.text_encoder_lr", 5e-5),
        ("E-OPT-MISSING", {}, "to AdamW and", "optimizer.optimizer_type", "AdamW"),
        ("E-IMG-SIZE", {"dataset.enable_bucket": False}, "bucket", "dataset.enable_bucket", True),
        ("E-IMG-TRUNC", {}, "skip broken", "dataset.skip_bad_images", True),
        (
            "E-MODEL-MOVED",
            {"model.base": "runwayml/stable-diffusion-v1-5"},
            "to stable-diffusion-v1-5/stable",
            "model.base",
            "stable-diffusion-v1-5/stable-diffusion-v1-5",
        ),
    ],
)
def test_a_button_sets_what_helps_and_tries_again(app, window, code, changed, label, key, value):
    raw = {**demo_raw(app), "dataset.train_batch_size": 1, "train.gradient_checkpointing": False, **changed}
    window.runner.start(app.form.text(raw, "en"))
    run = window.runner.current
    run.log(RunEnded("failed", 5, 3, "It failed.", "失敗しました。", code=code))
    run.status = "failed"
    shown = looked(app)
    assert shown["cure"]["visible"] and label.lower() in shown["cure"]["value"].lower()
    updates = app.run.cure(raw, "en", None)
    again = window.runner.current
    assert again is not run and toml_text.values_of(again.config)[key] == value
    assert app.form.components[key] in updates
    assert not looked(app)["cure"]["visible"]


def test_a_failure_that_no_setting_cures_has_no_such_button(app, window):
    press(app, "start")
    run = window.runner.current
    run.log(RunEnded("failed", 5, 3, "Full.", "満杯。", code="E-DISK-FULL"))
    run.status = "failed"
    assert not looked(app)["cure"]["visible"]
    assert "No run" in named(app.run, app.run.cure(demo_raw(app), "en", None))["message"]["value"]


def sampled(run, folder, steps, prompts=("sls frog",)):
    folder.mkdir(exist_ok=True)
    for step in steps:
        for number, prompt in enumerate(prompts):
            path = folder / f"{step}-{number}.png"
            Image.new("RGB", (32, 32), (step % 256, number, 0)).save(path)
            run.log(Saved("sample", str(path), step, {"prompt": prompt, "number": number, "seed": 1}))


def test_every_step_with_samples_can_be_reached(app, window, tmp_path):
    press(app, "start")
    sampled(window.runner.current, tmp_path / "s", range(0, 6000, 100))
    shown = looked(app)["samples"]
    captions = re.findall(r"<figcaption>([^<]+)<", shown)
    assert captions == ["before", *[f"step {n}" for n in range(4900, 6000, 100)]]
    assert 'data-older="48">Show 36 more steps<' in shown
    shown = looked(app, columns=48)["samples"]
    assert shown.count("<figcaption>") == 48 and 'data-older="84">Show 12 more steps<' in shown
    shown = looked(app, columns=84)["samples"]
    assert shown.count("<figcaption>") == 60 and "data-older" not in shown


def test_many_small_images_are_made_a_few_at_a_time_until_all_are_there(app, window, tmp_path):
    press(app, "start")
    run = window.runner.current
    sampled(run, tmp_path / "s", range(0, 1000, 100), ("a", "b", "c"))
    run.end("stopped", 900)
    has, made = {}, []
    for _ in range(4):
        answered = answer(window, "en", has)
        if not answered["parts"]:
            break
        made.append(html_of(answered)["samples"].count("<img"))
        has |= words_of(answered)
    assert made == [12, 24, 30] and answer(window, "en", has)["parts"] == {}


def test_between_the_stages_before_the_first_step_it_says_that_it_prepares(app, window):
    press(app, "start")
    run = window.runner.current
    run.status = "starting"
    assert "Preparing" in looked(app)["head"]
    run.log(StageProgress("load_model", 2, 3))
    assert "Loading the model 2/3" in looked(app)["head"]
    run.log(StageProgress("load_model", 3, 3))
    assert "Preparing" in looked(app)["head"] and "3/3" not in looked(app)["head"]


def test_why_a_run_ended_begins_with_a_capital_and_a_name_stays_as_it_is():
    en, ja = (
        "the image a.png ends early.\nsls_frog is there.",
        "画像a.pngが途中で切れています。\nsls_frog があります。",
    )
    ended = RunEnded("refused", 2, 0, en, ja)
    html = outcome_html(RunView(status="refused", ended=ended), "en")
    assert ">The image a.png" in html and ">sls_frog is there." in html
