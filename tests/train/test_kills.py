"""Trainings that are killed without warning end in the very bits of one that was not.

`python -m bench.kills` does more of the same.
"""

import os
import random
import signal
import sys
import time

import pytest

from core.events import Warned
from core.runs import past_runs
from core.train.outputs import saving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")
if sys.platform != "win32":
    from tests import kills


@pytest.fixture
def hurried():
    """Here the disk is waited for, as in a real run."""


@pytest.fixture(scope="module", autouse=True)
def _untidied():
    """Garbage is not collected in the children, which takes a fifth of what they do: they end soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.runner.give_memory_back", lambda: None)
        patch.setattr("core.train.inputs.loading.give_back", lambda: None)
        yield


@pytest.fixture(scope="module")
def trial(base, images, tmp_path_factory):
    """A training of three steps that has been trained for two, and what it must leave."""
    made = kills.trial_of("averaged", base, images / "train", tmp_path_factory.mktemp("killed"), 3)
    made.prepare(2)
    return made


@pytest.fixture(scope="module")
def whole(trial):
    """How many actions it takes, and the digests of what it leaves when nobody kills it."""
    return trial.count(), kills.left_in(trial.out)


@pytest.mark.slow
def test_what_a_kill_before_any_action_on_the_disk_leaves_comes_to_the_same_end(trial, whole):
    count, expected = whole
    trial.renew()
    found = trial.snapshots()
    assert sorted(action for _, same in found.values() for action in same) == [*range(1, count + 1)]
    for folder, same in found.values():
        assert trial.go_on_from(folder) == 0, trial.log.read_text()
        assert kills.left_in(trial.out) == expected, f"before action {same[0]}"
        assert kills.faults(trial.out) == [], f"before action {same[0]}"


def test_a_kill_in_the_midst_of_a_save_loses_nothing(trial, whole):
    count, expected = whole
    for point in (count // 3, count - 12):
        trial.renew()
        assert kills.ended(trial.start(point)) == -signal.SIGKILL
        assert trial.to_the_end() == 0, trial.log.read_text()
        assert kills.left_in(trial.out) == expected and kills.faults(trial.out) == []


def test_a_disk_that_is_full_at_any_action_changes_no_bit_of_the_end(trial, whole, monkeypatch):
    monkeypatch.setattr(saving, "RETRY_SECONDS", 0.01)
    count, expected = whole
    for point in sorted({*random.Random(3).sample(range(1, count + 1), 3), count - 15}):
        trial.renew()
        trial.log.unlink(missing_ok=True)
        code = kills.ended(trial.start_acting(kills.full_at(point)))
        assert kills.faults(trial.out) == [], f"full at action {point}"
        if code == 5:  # before the run began
            assert "disk is full" in trial.log.read_text() and trial.to_the_end() == 0
        else:
            assert code == 0, trial.log.read_text()
            warned = [
                event.code
                for run in past_runs.past_runs(trial.out)
                for event in told(run)
                if is_warning(event)
            ]
            assert "W-DISK-FULL" in warned or "W-LOG" in warned or "W-OUT-NOT-REMOVED" in warned, point
        assert kills.left_in(trial.out) == expected, f"full at action {point}"


def told(run):
    record = past_runs.read(run.folder)
    return record.events if record is not None else ()


def is_warning(event) -> bool:
    return isinstance(event, Warned)


def test_never_fewer_states_than_are_kept_lie_there_at_any_instant(base, images, tmp_path):
    trial = kills.trial_of("lora", base, images / "train", tmp_path, 6)
    seen: list[int] = []

    def look(action: int) -> None:
        states = [p for p in trial.out.glob("step-*-state") if (p / "manifest.json").is_file()]
        seen.append(len(states))

    def work() -> int:
        with kills.acting(look):
            code = trial.train()
        ever = seen.index(2)
        return code or int(min(seen[ever:]) < 2 or max(seen) > 3)

    assert kills.ended(kills.fork(work, trial.log)) == 0, trial.log.read_text()


def test_kills_at_random_times_in_a_row_lose_nothing(trial, whole):
    trial.renew()
    draws = random.Random(2)
    for _ in range(3):
        pid = trial.start()
        time.sleep(draws.uniform(0, 1.5))
        os.kill(pid, signal.SIGKILL)
        kills.ended(pid)
    assert trial.to_the_end() == 0, trial.log.read_text()
    assert kills.left_in(trial.out) == whole[1] and kills.faults(trial.out) == []


def test_when_one_of_two_processes_is_killed_the_other_ends_and_both_resume(base, images, tmp_path):
    trial = kills.trial_of("lora", base, images / "train", tmp_path, 2)
    assert [kills.ended(pid) for pid in kills.as_two(trial)] == [0, 0], trial.log.read_text()
    expected = kills.left_in(trial.out)
    trial.renew()
    killed, other = kills.as_two(trial, (40, 0))
    assert kills.ended(killed) == -signal.SIGKILL
    assert kills.ended(other, 60) == 5
    assert "Another process of this run has ended" in trial.log.read_text()
    assert [kills.ended(pid) for pid in kills.as_two(trial)] == [0, 0], trial.log.read_text()
    assert kills.left_in(trial.out) == expected and kills.faults(trial.out) == []
