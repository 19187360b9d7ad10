"""How a console run ends, or does not, when the system stops, signals, suspends or starves it."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from core import cli
from core.config.file import toml_text
from core.control import RunControl, StopRun
from core.events import Saved, StageProgress, StepDone, Warned
from core.runs import checkpoints, past_runs, state_folder
from core.sinks import JsonLines

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")
if sys.platform != "win32":
    import resource

    from tests import kills

STEPS = 8

HEARD = 0.5
"""Seconds in which the main thread hears a signal; it looks every 0.2 s."""


@pytest.fixture
def hurried():
    """Here everything is done as in a real run."""


@pytest.fixture(scope="module")
def trial(base, images, tmp_path_factory):
    made = kills.trial_of("lora", base, images / "train", tmp_path_factory.mktemp("ends"), STEPS)
    save = made.config.save.model_copy(update={"save_every_n_steps": None, "save_last_n_steps": None})
    return kills.Trial(made.config.model_copy(update={"save": save}), made.log)


@pytest.fixture(scope="module")
def expected(trial):
    """Digests of what it leaves when nothing happens to it."""
    assert trial.to_the_end() == 0, trial.log.read_text()
    return kills.left_in(trial.out)


def console(trial, at_step: int, then) -> int:
    """Train by the command line in a child that calls `then` once, when it reports a step; its number."""
    trial.renew()
    file = trial.log.with_name("run.toml")
    file.write_text(toml_text.dumps(toml_text.values_of(trial.config)), encoding="utf-8")

    def work() -> int:
        write = JsonLines.__call__

        def report(sink: JsonLines, event: object) -> None:
            write(sink, event)
            if isinstance(event, StepDone) and event.step == at_step:
                then()

        JsonLines.__call__ = report
        cli.LOG = trial.log.with_name("console.log")
        return cli.main(["train", str(file), "--lang", "en"])

    return kills.fork(work, trial.log)


def lines(trial) -> list[str]:
    return trial.log.read_text(encoding="utf-8").splitlines()


def states(trial) -> list[Path]:
    return [path for path in trial.out.iterdir() if path.name.endswith("-state")]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_a_console_run_with_exit_code_3_and_its_state(trial, expected, name):
    def send() -> None:
        signal.raise_signal(getattr(signal, name))
        time.sleep(HEARD)

    asked = time.monotonic()
    assert kills.ended(console(trial, 2, send)) == 3
    (state,) = states(trial)
    assert state_folder.fault(state) == "" and str(state) in lines(trial)[-1]
    assert time.monotonic() - asked < 60
    if name == "SIGINT":
        assert trial.to_the_end() == 0
        assert kills.left_in(trial.out) == expected


def test_a_second_ctrl_c_leaves_at_once(trial):
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.4)
        signal.raise_signal(signal.SIGINT)
        time.sleep(60)

    assert kills.ended(console(trial, 2, twice), 30) == 3
    assert states(trial) == []


def test_a_run_that_was_killed_is_listed_as_interrupted_with_its_last_state(trial):
    trial.renew()
    save = trial.config.save.model_copy(update={"save_every_n_steps": 2})
    saving = kills.Trial(trial.config.model_copy(update={"save": save}), trial.log)
    kill = lambda: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
    assert kills.ended(console(saving, 5, kill)) == -signal.SIGKILL
    (past,) = past_runs.past_runs(trial.out)
    assert (past.status, past.step, past.total) == ("interrupted", 5, STEPS)
    assert checkpoints.newest_state(past) == (trial.out / "step-00000004-state", 4)


def test_a_suspended_run_whose_clock_goes_back_a_day_goes_on(trial, expected):
    real = time.time

    def back_a_day() -> None:
        time.time = lambda: real() - 86_400
        os.kill(os.getpid(), signal.SIGSTOP)

    pid = console(trial, 2, back_a_day)
    os.waitpid(pid, os.WUNTRACED)
    time.sleep(1)
    os.kill(pid, signal.SIGCONT)
    assert kills.ended(pid) == 0, trial.log.read_text()
    assert kills.left_in(trial.out) == expected
    (past,) = past_runs.past_runs(trial.out)
    record = past_runs.read(past.folder)
    assert past.status == "done" and past.seconds >= 0 and record is not None
    steps = [event for event in record.events if isinstance(event, StepDone)]
    assert len(steps) == STEPS and all(0 <= step.seconds < 60 for step in steps)


def test_few_file_handles_suffice_for_many_images(trial, base, tmp_path):
    folder = tmp_path / "data" / "1_sls frog"
    folder.mkdir(parents=True)
    for n in range(100):
        Image.new("RGB", (64, 64), (n, 255 - n, 100)).save(folder / f"{n}.png")
    many = kills.trial_of("lora", base, tmp_path / "data", tmp_path, 52)
    dataset = many.config.dataset.model_copy(update={"cache_latents": False})
    save = many.config.save.model_copy(update={"save_every_n_steps": None})
    many = kills.Trial(many.config.model_copy(update={"dataset": dataset, "save": save}), many.log)

    def work() -> int:
        os.closerange(3, 4096)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        return many.train()

    assert kills.ended(kills.fork(work, many.log)) == 0, many.log.read_text()


def test_an_output_folder_that_goes_away_for_a_while_ends_no_run(configure, train, tmp_path):
    out, away = tmp_path / "out", tmp_path / "away"

    def watch(event):
        if isinstance(event, StepDone) and event.step == 2:
            out.rename(away)
            out.write_text("a drive that is gone")
        if isinstance(event, StepDone) and event.step == 4:
            out.unlink()
            away.rename(out)

    save = {"save_every_n_steps": 1, "save_state": True}
    trial = train(configure(train={"max_train_steps": 5}, save=save), None, watch)
    said = [event.code for event in trial.of(Warned) if "DISK" in event.code]
    assert said == ["W-DISK-WRITE", "W-DISK-WRITE"]
    models = [event.step for event in trial.of(Saved) if event.kind == "model"]
    assert models == [1, 4, 5, 5] and (out / "last.safetensors").is_file()


@pytest.mark.parametrize(
    "stage", ["check_images", "cache_latents", "load_model", "cache_text", "sample", "save"]
)
def test_a_stop_takes_hold_in_every_stage_and_leaves_nothing_half_written(configure, train, tmp_path, stage):
    control, after = RunControl(), []

    def watch(event):
        if control.is_stopping:
            after.append(event)
        elif isinstance(event, StageProgress) and event.stage == stage:
            control.stop()

    sample = {"sample_prompts": ["frog --w 64 --h 64 --s 4"], "sample_every_n_steps": 1}
    config = configure(
        train={"max_train_steps": 4, "text_encoder_lr": 0.0}, save={"save_every_n_steps": 1}, sample=sample
    )
    with pytest.raises(StopRun):
        train(config, control, watch)
    assert not [event for event in after if isinstance(event, StepDone)]
    assert {event.stage for event in after if isinstance(event, StageProgress)} <= {stage}
    out = tmp_path / "out"
    assert not out.exists() or kills.faults(out) == []
    states = [path.name for path in out.glob("*-state")]
    assert states == (["step-00000001-state"] if stage in ("sample", "save") else [])
