"""Waiting for threads that read: in order, and never longer than one is willing to."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core import files, patience
from core.control import RunControl, StopRun
from core.errors import UserError
from core.patience import Patience, in_order, patiently


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(patience, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(patience, "SLOW_SECONDS", 0.05)


@pytest.fixture
def stalled():
    """Work that a drive does not answer while the test lasts."""
    answers = threading.Event()

    def read(path: Path) -> Path:
        with files.being_read(path):
            answers.wait(30)
        return path

    yield read
    answers.set()


def test_results_come_in_the_order_of_the_jobs():
    def slowest_first(n: int) -> int:
        time.sleep(0.02 * (n == 0))
        return n * n

    assert [*in_order(slowest_first, range(50))] == [n * n for n in range(50)]
    assert [*in_order(slowest_first, [])] == []


def test_a_fault_comes_out_where_its_result_is_wanted():
    def work(n: int) -> int:
        return 1 // (2 - n)

    results = in_order(work, [0, 1, 2, 3])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_stop_does_not_wait_for_a_read_that_stalls(stalled):
    control = RunControl()
    control.stop()
    began = time.monotonic()
    with pytest.raises(StopRun):
        patiently(lambda: stalled(Path("a.png")), Patience(control.check))
    assert time.monotonic() - began < 5


def test_what_is_waited_for_is_told_once_and_that_it_came(stalled):
    told: list[Path | None] = []
    control = RunControl()

    def waiting(path: Path | None) -> None:
        told.append(path)
        threading.Timer(0.1, control.stop).start()

    with pytest.raises(StopRun):
        patiently(lambda: stalled(Path("/net/a.png")), Patience(control.check, waiting))
    assert told == [Path("/net/a.png")]

    def slow() -> None:
        with files.being_read(Path("b.png")):
            time.sleep(0.2)

    told.clear()
    patiently(slow, Patience(waiting=told.append))
    assert told == [Path("b.png"), None]


def test_a_page_gives_a_read_up_and_names_it(stalled):
    with pytest.raises(UserError) as caught:
        patiently(lambda: stalled(Path("/net/a.png")), Patience(most_seconds=0.1))
    (problem,) = caught.value.problems
    assert problem.code == "E-READ-STALLED" and "/net/a.png" in problem.en and "/net/a.png" in problem.ja


def test_jobs_not_begun_are_dropped_when_it_is_left_early():
    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        time.sleep(0.01)
        return n

    results = in_order(work, range(1000))
    next(results)
    results.close()
    time.sleep(0.1)
    assert len(begun) < 100


def test_the_program_ends_while_a_read_stalls():
    code = (
        "import threading\n"
        "from core.patience import Patience, patiently\n"
        "def check(): raise KeyboardInterrupt\n"
        "patiently(threading.Event().wait, Patience(check))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60)
    assert b"KeyboardInterrupt" in done.stderr
