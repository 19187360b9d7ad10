"""What a run tells while it goes on: its step, captions that are too long, gradients that have vanished."""

import threading

import pytest
import torch
from PIL import Image

from core.config.file import toml_text
from core.errors import UserError
from core.events import Paused, PlanReady, StepDone, Stepped, Warned
from core.runner import Runner
from core.sinks import Console
from core.train import loop
from core.train import run as running


def codes(trial) -> list[str]:
    return [event.code for event in trial.of(Warned)]


def test_the_step_is_told_between_two_losses_and_never_more_often_than_four_times_a_second(
    configure, train, monkeypatch
):
    options = {"train": {"max_train_steps": 4}, "log": {"log_every_n_steps": 4}}
    monkeypatch.setattr(loop, "TICK_SECONDS", 0.0)
    trial = train(configure(**options))
    assert [event.step for event in trial.of(Stepped)] == [1, 2, 3]
    assert [event.step for event in trial.of(StepDone)] == [4]
    monkeypatch.setattr(loop, "TICK_SECONDS", 1e9)
    assert [event.step for event in train(configure(**options)).of(Stepped)] == [1]


def test_telling_the_step_reads_nothing_from_the_device(configure, train, monkeypatch):
    """Counts how often a tensor's number is asked for between two reports."""
    asked = []
    plain = loop.Report.tick

    def tick(self, emit):
        with pytest.MonkeyPatch.context() as patch:
            for name in ("item", "tolist", "cpu", "__bool__", "__float__"):
                patch.setattr(torch.Tensor, name, lambda self, *_, name=name: asked.append(name))
            plain(self, emit)

    monkeypatch.setattr(loop.Report, "tick", tick)
    trial = train(configure(train={"max_train_steps": 3}, log={"log_every_n_steps": 3}))
    assert trial.of(Stepped) and asked == []


def test_a_run_is_seen_at_its_step_and_its_log_holds_the_reports_only(configure, tmp_path):
    def steps(config, folder, control, emit):
        emit(PlanReady(1, 0, 1, 1, 300, 300, (), step=174))
        seen.append((handle[0].at_step, handle[0].status))
        emit(Stepped(175, 300))
        seen.append((handle[0].at_step, handle[0].status))
        emit(Paused(177))  # within a quarter of a second
        seen.append((handle[0].at_step, handle[0].status))

    seen, handle, told = [], [], []
    runner = Runner(lambda *arguments: (ready.wait(5), steps(*arguments)))
    ready = threading.Event()

    class Sink:
        def __call__(self, event):
            told.append(event)

        def close(self):
            pass

    handle.append(runner.start(toml_text.dumps(toml_text.values_of(configure())), (), [Sink()]))
    ready.set()
    assert handle[0].wait(10)
    assert seen == [(174, "starting"), (175, "running"), (177, "running")]
    assert any(isinstance(event, Stepped) for event in told)
    assert not any(isinstance(event, Stepped) for event in handle[0].log.since(0))
    assert "stepped" not in (handle[0].folder / "events.jsonl").read_text(encoding="utf-8")


def test_a_resumed_run_tells_its_step_before_anything_else_happens(configure, train, tmp_path):
    train(configure(train={"max_train_steps": 2}, save={"save_state": True}))
    trial = train(configure(train={"max_train_steps": 3}, save={"resume": "auto"}))
    assert trial.of(PlanReady)[0].step == 2


def test_the_console_shows_the_step_before_the_first_loss_and_between_two():
    class Screen:
        text = ""

        def write(self, text):
            self.text += text

        def flush(self):
            pass

        def isatty(self):
            return True

    screen, times = Screen(), iter(range(100))
    console = Console(screen, "en", lambda: float(next(times)))
    console(Stepped(1, 20))
    console(StepDone(10, 20, 1, 0.25, {"unet": 1e-4}, 1.0, 2.0))
    console(Stepped(11, 20))
    first, second, third = screen.text.split("\r")[1:]
    assert first.strip().endswith(" 1/20")
    assert "10/20 · loss 0.2500 · 2.00 s/step · 0:20 left" in second
    assert "11/20 · loss 0.2500 · 2.00 s/step · 0:18 left" in third


def test_train_says_once_which_captions_are_too_long(configure, train, tmp_path):
    folder = tmp_path / "long" / "1_sls frog"
    folder.mkdir(parents=True)
    for n, words in enumerate(("a frog", "frog " * 80)):
        Image.new("RGB", (64, 64), (n * 90, 0, 0)).save(folder / f"{n}.png")
        (folder / f"{n}.caption").write_text(words, encoding="utf-8")
    data = {"train_data_dir": str(folder.parent), "reg_data_dir": None}
    trial = train(configure(dataset=data, train={"max_train_steps": 2}))
    said = [event for event in trial.of(Warned) if event.code == "W-CAP-LONG"]
    assert len(said) == 1 and "1.png (80)" in said[0].problem.en
    trial = train(configure(dataset=data, model={"max_token_length": 150}, train={"max_train_steps": 2}))
    assert "W-CAP-LONG" not in codes(trial)


@pytest.mark.parametrize(("precision", "cure"), [("full_fp16", "use fp16 instead"), ("no", "loss weights")])
def test_fifty_steps_without_any_gradient_are_said_once(configure, train, monkeypatch, precision, cure):
    plain = running.BatchLoss.__call__
    monkeypatch.setattr(running.BatchLoss, "__call__", lambda self, batch: plain(self, batch) * 0.0)
    assert loop.ZERO_STEPS == 50
    monkeypatch.setattr(loop, "ZERO_STEPS", 5)
    options = {"train": {"max_train_steps": 12, "precision": precision}, "log": {"log_every_n_steps": 3}}
    trial = train(configure(**options))
    said = [event.problem.en for event in trial.of(Warned) if event.code == "W-ZERO-GRADIENTS"]
    assert len(said) == 1 and "been 0 for 6 steps in a row" in said[0] and cure in said[0]


def test_a_step_with_a_gradient_begins_the_count_anew(configure, train, monkeypatch):
    plain, calls = running.BatchLoss.__call__, []

    def call(self, batch):
        calls.append(batch)
        return plain(self, batch) * (1.0 if len(calls) % 4 == 0 else 0.0)

    monkeypatch.setattr(running.BatchLoss, "__call__", call)
    monkeypatch.setattr(loop, "ZERO_STEPS", 4)
    trial = train(configure(train={"max_train_steps": 9}, log={"log_every_n_steps": 1}))
    assert "W-ZERO-GRADIENTS" not in codes(trial)


def test_a_run_whose_epochs_are_longer_than_its_text_encoder_learns_is_refused(configure, train):
    alone = {"unet_lr": 0, "stop_text_encoder_training": 2, "max_train_epochs": 1}
    with pytest.raises(UserError, match="stops at step 2 of 6"):
        train(configure(train=alone))
