"""A lock is held by one program, says by whom, and goes with it."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.runs import lock

ROOT = Path(__file__).resolve().parents[1]
HOLD = """
import sys, pathlib
from core.runs import lock as alive
kept = alive.claim(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline().strip() == b"held"
        yield process
        process.kill()


def test_a_lock_of_another_process_is_refused_with_its_number_and_time(tmp_path, other):
    with pytest.raises(lock.Taken) as refused:
        lock.claim(tmp_path / "lock")
    holder = refused.value.holder
    assert holder is not None and holder.pid == other.pid and abs(holder.since - time.time()) < 60


def test_a_lock_of_a_killed_process_is_taken_over(tmp_path, other):
    other.kill()
    other.wait()
    assert (tmp_path / "lock").exists()
    mine = lock.claim(tmp_path / "lock")
    assert mine.is_certain
    mine.release()
    assert list(tmp_path.iterdir()) == []


def test_a_second_lock_in_the_same_process_is_refused_too(tmp_path):
    mine = lock.claim(tmp_path / "lock")
    with pytest.raises(lock.Taken) as refused:
        lock.claim(tmp_path / "lock")
    assert refused.value.holder is not None and refused.value.holder.pid == os.getpid()
    mine.release()
    lock.claim(tmp_path / "lock").release()


def test_a_lock_file_that_its_holder_takes_away_meanwhile_is_not_taken_for_the_lock(tmp_path, monkeypatch):
    first = lock.claim(tmp_path / "lock")
    opened = lock._opened

    def just_before_its_end(path):
        file = opened(path)
        first.release()
        return file

    monkeypatch.setattr(lock, "_opened", lambda path: just_before_its_end(path))
    monkeypatch.setattr(lock, "_is_at", _counted(lock._is_at, monkeypatch, opened))
    second = lock.claim(tmp_path / "lock")
    assert (tmp_path / "lock").exists()
    second.release()


def _counted(is_at, monkeypatch, opened):
    def look(file, path):
        monkeypatch.setattr(lock, "_opened", opened)
        return is_at(file, path)

    return look


def test_a_drive_without_locks_is_told_apart(tmp_path, monkeypatch):
    def no_locks(file):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_ask", no_locks)
    mine, again = lock.claim(tmp_path / "lock"), lock.claim(tmp_path / "lock")
    assert not mine.is_certain and not again.is_certain
    mine.release()
    again.release()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"pid": "x"}', "\\xff", '{"pid": 1e400, "computer": 1, "since": 1}']
)
def test_a_lock_file_that_says_nothing_readable_locks_all_the_same(tmp_path, text):
    mine = lock.claim(tmp_path / "lock")
    (tmp_path / "lock").write_text(text)
    with pytest.raises(lock.Taken) as refused:
        lock.claim(tmp_path / "lock")
    assert refused.value.holder is None
    mine.release()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such flag")
def test_a_lock_file_that_is_a_link_is_refused_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "precious").write_text("mine")
    for target in ("precious", "nowhere"):
        (tmp_path / "lock").unlink(missing_ok=True)
        (tmp_path / "lock").symlink_to(tmp_path / target)
        with pytest.raises(OSError):
            lock.claim(tmp_path / "lock")
    assert (tmp_path / "precious").read_text() == "mine"
