"""When all runs are over: a countdown, then the program stops or a command is run; a new run ends it."""

import sys
from types import SimpleNamespace

import pytest

from core import when_idle
from core.when_idle import SECONDS, WhenIdle


class World:
    """A queue and a clock that a test sets. last: the run or tool that was begun last."""

    def __init__(self):
        self.last, self.waiting, self.now, self.is_at_work = None, (), 0.0, False
        self.idle = WhenIdle(lambda: self, lambda: self.is_at_work, lambda: self.now)
        self.idle.command, self.idle._is_on = (), True

    def look(self):
        return SimpleNamespace(waiting=self.waiting)

    def run(self, status="running"):
        self.last = SimpleNamespace(status=status, is_over=status != "running")

    def after(self, seconds):
        self.now += seconds
        return self.idle.turn()


@pytest.fixture
def world():
    return World()


def test_it_is_time_a_minute_after_the_last_run(world):
    world.run("done")
    assert not world.after(0) and world.idle.look().left == SECONDS
    assert not world.after(59) and world.idle.look().left == 1
    assert world.after(1)
    assert not world.after(1000)  # once for each run


def test_the_countdown_of_a_program_that_ends_comes_to_0(world):
    world.run("done")
    world.after(0)
    assert world.after(60)
    world.idle._act()
    assert world.idle.is_over.is_set() and world.idle.look().left == 0


@pytest.mark.parametrize("status", ["failed", "refused"])
def test_a_run_that_failed_is_over_too_but_not_one_that_a_person_stopped(world, status):
    world.run(status)
    world.after(0)
    assert world.after(60)
    world.run("stopped")
    assert not world.after(0) and world.idle.look().left is None


def test_nothing_happens_before_the_first_run_or_while_runs_go_on_or_wait(world):
    assert not world.after(100)
    world.run()
    assert not world.after(100)
    world.run("done")
    world.waiting = ("next",)
    assert not world.after(100) and world.idle.look().left is None
    world.waiting, world.is_at_work = (), True
    assert not world.after(100)


def test_a_new_run_ends_the_countdown(world):
    world.run("done")
    world.after(0)
    world.after(30)
    world.run()
    assert not world.after(40) and world.idle.look().left is None
    world.run("done")
    world.after(0)
    assert world.idle.look().left == SECONDS


def test_keep_running_lasts_until_another_run_is_over(world):
    world.run("done")
    world.after(0)
    world.idle.keep_running()
    assert not world.after(100)
    world.run("done")
    world.after(0)
    assert world.after(60)


def test_switched_on_after_a_run_it_waits_for_the_next_one(world):
    world.run("done")
    world.idle.set_on(True)
    assert not world.after(100)
    world.idle.set_on(False)
    assert not world.idle.look().is_on


def test_without_anything_to_do_it_can_not_be_switched_on(world):
    world.idle.command = None
    world.idle.set_on(True)
    assert world.idle.look() is None and world.idle._thread is None


def test_the_thread_ends_the_program(world, monkeypatch):
    monkeypatch.setattr(when_idle, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(when_idle, "SECONDS", 0.0)
    world.idle.set_on(True)
    world.run("done")
    assert world.idle.is_over.wait(10)
    world.idle.set_on(False)


def test_a_command_is_run_as_it_was_given(tmp_path):
    mark = tmp_path / "a b; echo"
    started = when_idle.run_command(
        [sys.executable, "-c", "import sys; open(sys.argv[1], 'w').close()", str(mark)]
    )
    assert started.wait(20) == 0 and mark.exists()
