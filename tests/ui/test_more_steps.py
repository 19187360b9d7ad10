"""Further steps of a finished run: from its state, else from its model; and what resuming anyway means."""

import pytest

from core.config.file import toml_text
from core.events import RunEnded, Saved
from tests.ui.fake import FakeRun
from tests.ui.states import STATES, begun
from ui.run.status_html import outcome_html
from ui.window import PROJECT, Window


def sent(steps):
    return {"act": "more", "on": "", "step": "", "fields": {"steps": steps}}


def shown(app, lang="en"):
    return app.run.more.show(app._window.look()[0], lang)


@pytest.fixture
def done(window):
    return STATES["done"](window)


def finished(window: Window, *overrides: str) -> FakeRun:
    """A run of the demo that left a model and no state."""
    model = window.workspace / "output" / "sls_frog.safetensors"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_bytes(b"a model")
    run = window.runner.start(toml_text.read(PROJECT / "demo" / "run.toml"), overrides)
    run.plan(300)
    run.step(300, total=300)
    run.log(Saved("model", str(model), 300))
    run.log(RunEnded("done", 0, 300, "Done.", "完了しました。"))
    run.status = "done"
    return run


def test_from_a_state_the_run_goes_on_to_so_many_more_steps(app, window, done):
    assert "state of step 300" in shown(app) and 'value="100"' in shown(app)
    app.run.more.start(sent("50"), "en")
    config = window.runner.current.config
    assert config.train.max_train_steps == 350
    assert config.save.resume.endswith("sls_frog-step-00000300-state")
    assert config.save.output_name == "sls_frog"


def test_epochs_and_early_stopping_do_not_end_it_before(app, window):
    STATES["done"](window)
    run = window.runner.current
    lines = "[train]\nmax_train_epochs = 3\nearly_stopping_patience = 2\n"
    text = toml_text.read(run.folder / "run.toml").replace("[train]\n", lines)
    (run.folder / "run.toml").write_text(text, "utf-8")
    assert "Early stopping is off" in shown(app) and "早期終了" in shown(app, "ja")
    app.run.more.start(sent("５０"), "ja")
    train = window.runner.current.config.train
    assert (train.max_train_epochs, train.early_stopping_patience, train.max_train_steps) == (None, None, 350)


def test_without_a_state_the_lora_is_continued_as_a_new_run(app, window):
    finished(window, "save.output_dir=" + toml_text.toml_value(str(window.output)))
    assert "its LoRA sls_frog.safetensors is trained further" in shown(app) and "data-goto=" in shown(app)
    app.run.more.start(sent("40"), "en")
    config = window.runner.current.config
    assert config.network.weights.endswith("output/sls_frog.safetensors")
    assert (config.save.output_name, config.train.max_train_steps) == ("sls_frog-2", 40)
    assert config.save.resume is None


def test_without_a_state_a_whole_model_is_trained_on(app, window):
    output = toml_text.toml_value(str(window.output))
    finished(window, 'network.method="none"', f"save.output_dir={output}")
    assert "最初からになります" in shown(app, "ja")
    app.run.more.start(sent("40"), "en")
    config = window.runner.current.config
    assert config.model.base.endswith("output/sls_frog.safetensors")
    assert config.save.output_name == "sls_frog-2"


def test_a_state_of_an_earlier_step_is_not_taken_for_the_last_one(app, window):
    run = finished(window)
    state = window.workspace / "output" / "early-state"
    state.mkdir()
    (state / "state.json").write_text('{"step": 200}', "utf-8")
    run.log(Saved("state", str(state), 200))
    assert "sls_frog.safetensors" in shown(app)


@pytest.mark.parametrize("state", ["idle", "running", "paused", "stopped", "failed"])
def test_nothing_is_offered_before_a_run_is_done(app, window, state):
    STATES[state](window)
    assert shown(app) == ""


def test_what_resuming_anyway_means_is_said(app, window):
    run = begun(window)
    run.log(RunEnded("refused", 2, 0, "Changed.", "変更。", code="E-RESUME-PLAN"))
    run.status = "refused"
    assert "keeps the learned weights" in shown(app) and "学習済みの重みを引き継" in shown(app, "ja")


@pytest.mark.parametrize("steps", ["", "0", "-5", "1.5", "many", "9" * 400])
def test_a_number_of_steps_that_is_none_is_said_and_nothing_starts(app, window, done, steps):
    panel = app.run
    said = panel._answer(lambda raw, lang: panel.more.start(sent(steps), lang), {}, "en", None)
    assert "whole number" in said[panel.parts["message"]]["value"]
    assert window.runner.current is done


@pytest.mark.parametrize("event", [None, 7, {"fields": None}, {"fields": {"steps": 7}}])
def test_whatever_a_page_sends_for_further_steps_is_answered(app, window, done, event):
    panel = app.run
    said = panel._answer(lambda raw, lang: panel.more.start(event, lang), {}, "ja", None)
    assert "整数" in said[panel.parts["message"]]["value"]


def test_why_a_run_ended_early_is_said_beside_its_result(app, window):
    run = finished(window)
    said = ("Ended early at step 240 of 300.", "ステップ240で早期終了。")
    run.log(RunEnded("done", 0, 240, *said, code="I-ENDED-EARLY"))
    html = outcome_html(window.look()[0], "en")
    assert said[0] in html and "is-good" in html and "sls_frog.safetensors" in html
