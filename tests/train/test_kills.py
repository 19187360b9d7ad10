"""Trainings that are killed without warning end in the very bits of one that was not.

`python -m bench.kills` kills before every action; here it is a few of them, or all with RAREWORD_KILLS=all.
"""

import os
import random
import signal
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")
if sys.platform != "win32":
    from tests import kills

POINTS = 6
"""Of some 75 actions of a training; in the last third the final model and state are saved."""


@pytest.fixture(scope="module")
def trial(base, pictures, tmp_path_factory):
    """A training of three steps that has been trained for two, and what it must leave."""
    made = kills.trial_of("averaged", base, pictures / "train", tmp_path_factory.mktemp("killed"), 3)
    made.prepare(2)
    return made


@pytest.fixture(scope="module")
def whole(trial):
    """How many actions it takes, and the digests of what it leaves when nobody kills it."""
    return trial.count(), kills.left_in(trial.out)


def test_a_kill_before_any_action_on_the_disk_loses_nothing(trial, whole):
    count, expected = whole
    points = range(1, count + 1)
    if os.environ.get("RAREWORD_KILLS") != "all":
        points = sorted({*random.Random(1).sample(points, POINTS), count - 20, count - 2})
    for point in points:
        trial.renew()
        assert kills.ended(trial.start(point)) == -signal.SIGKILL
        assert trial.to_the_end() == 0, trial.log.read_text()
        assert kills.left_in(trial.out) == expected, f"killed before action {point}"
        assert kills.faults(trial.out) == [], f"killed before action {point}"


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


def test_when_one_of_two_processes_is_killed_the_other_ends_and_both_resume(base, pictures, tmp_path):
    trial = kills.trial_of("lora", base, pictures / "train", tmp_path, 2)
    assert [kills.ended(pid) for pid in kills.as_two(trial)] == [0, 0], trial.log.read_text()
    expected = kills.left_in(trial.out)
    trial.renew()
    killed, other = kills.as_two(trial, (40, 0))
    assert kills.ended(killed) == -signal.SIGKILL
    assert kills.ended(other, 60) == 5
    assert "Another process of this training has ended" in trial.log.read_text()
    assert [kills.ended(pid) for pid in kills.as_two(trial)] == [0, 0], trial.log.read_text()
    assert kills.left_in(trial.out) == expected and kills.faults(trial.out) == []
