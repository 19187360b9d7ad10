"""A drive that does not answer: the run says what it waits for, and stops when asked to."""

import os
import threading
import time

import pytest

from core import files, patience
from core.control import RunControl, StopRun
from core.events import Saved, StageProgress, StepDone
from core.train.inputs import read_ahead


@pytest.fixture
def drive(monkeypatch):
    """A switch: while it is set, reads of images hang."""
    monkeypatch.setattr(patience, "SLOW_SECONDS", 0.2)
    monkeypatch.setattr(read_ahead, "JOIN_SECONDS", 0.2)
    hangs, answers, whole = threading.Event(), threading.Event(), files._whole

    def read(path, limit):
        if hangs.is_set() and path.suffix == ".png":
            answers.wait(60)
        return whole(path, limit)

    monkeypatch.setattr(files, "_whole", read)
    before = set(threading.enumerate())
    yield hangs
    answers.set()
    for thread in set(threading.enumerate()) - before:  # left behind: it must read nothing of the next test
        thread.join(30)


def stopped(train, config, hangs=None) -> tuple[list, float]:
    """The events of a run that is stopped once it waits, and how long it took to stop then."""
    control, told = RunControl(), []

    def on(event):
        if hangs is not None and isinstance(event, StepDone) and event.step == 1:
            hangs.set()
        if isinstance(event, StageProgress) and event.stage == "wait":
            told.append(time.monotonic())
            control.stop(save=True)

    with pytest.raises(StopRun) as caught:
        train(config, control, on)
    return caught.value.trial.events, time.monotonic() - told[0]


def test_a_read_that_stalls_while_images_are_checked_is_told_and_can_be_stopped(configure, train, drive):
    drive.set()
    events, seconds = stopped(train, configure())
    (wait,) = [event for event in events if isinstance(event, StageProgress) and event.stage == "wait"]
    assert wait.path.endswith(".png") and os.path.isfile(wait.path)
    assert seconds < 5


def test_a_read_that_stalls_between_steps_is_told_and_can_be_stopped_with_a_state(configure, train, drive):
    config = configure(dataset={"cache_latents": False}, train={"max_train_steps": 40})
    events, seconds = stopped(train, config, drive)
    assert any(isinstance(event, StageProgress) and event.path for event in events)
    (state,) = [event for event in events if isinstance(event, Saved) and event.kind == "state"]
    assert 1 <= state.step < 40 and os.path.isdir(state.path)
    assert seconds < 10


def test_a_drive_that_answers_after_all_loses_nothing(configure, train, drive, monkeypatch):
    seen = []

    def on(event):
        if isinstance(event, StageProgress) and event.stage == "wait":
            seen.append(event.path)

    monkeypatch.setattr(files, "_whole", _slow_once(files._whole))
    trial = train(configure(train={"max_train_steps": 1}), on=on)
    assert seen and seen[-1] == "" and trial.of(StepDone)


def _slow_once(whole):
    first = threading.Lock()

    def read(path, limit):
        if path.suffix == ".png" and first.acquire(blocking=False):
            time.sleep(1.5)
        return whole(path, limit)

    return read
