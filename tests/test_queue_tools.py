"""Tools in the queue: in their turn beside runs, held by a failure, kept over a restart, shown when over."""

import contextlib
import json
import threading

import pytest

from core.catalog import Words
from core.control import RunControl, StopRun
from core.errors import EXIT_REFUSED, EXIT_STOPPED, Message, UserError
from core.queue import RunQueue
from core.queue_tools import ToolTask
from core.runner import NotNow
from core.tools.tool import Outcome, Work
from tests.test_queue import FakeRunner, names_of, until
from tests.test_queue import text as text

GONE = Message("E-X", "the file is gone", "ファイルがありません")
LATER = Message("E-Y", "later", "後で")


class FakeTools:
    """Begins work on a thread that ends when a test says so."""

    def __init__(self):
        self.begun, self.tasks, self.may_begin, self.tries = [], [], True, 0

    def begin(self, name, values):
        self.tries += 1
        if not self.may_begin:
            raise NotNow(LATER())
        if name != "toy":
            raise UserError(GONE())
        control, self.goes_on, self.raises, self.outcome = RunControl(), threading.Event(), None, None
        task = ToolTask(lambda: control)

        def work(report):
            at = Work(report, control)
            while not self.goes_on.wait(0.005):
                at.at("toy", 1, 4)
            if self.raises is not None:
                raise self.raises
            return self.outcome or Outcome((Words("8 written", "8回書き込みました"),))

        def quietly():
            with contextlib.suppress(StopRun, UserError):
                task.around(work, lambda outcome: outcome)(lambda *_: None)

        self.begun.append(values)
        self.tasks.append(task)
        threading.Thread(target=quietly, daemon=True).start()
        return task

    def end(self, raises=None, outcome=None):
        self.raises, self.outcome = raises, outcome
        self.goes_on.set()


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def tools():
    return FakeTools()


@pytest.fixture
def queue(tmp_path, runner, tools, monkeypatch):
    monkeypatch.setattr("core.queue.POLL_SECONDS", 0.01)
    made = RunQueue(tmp_path / "queue.json", lambda: runner, tools.begin)
    yield made
    made.close()


def test_a_tool_waits_for_the_run_before_it_and_the_run_behind_it_for_the_tool(queue, runner, tools, text):
    runner.start(text("first"))
    queue.add_tool("toy", {"word": "newt"}, "newt.txt")
    queue.add(text("second"))
    assert tools.begun == [] and names_of(queue) == ["newt.txt", "second"]
    runner.current.status = "done"
    until(lambda: tools.begun == [{"word": "newt"}])
    assert queue.look().begun.entry.name == "newt.txt" and runner.started == ["first"]
    until(lambda: queue.look().begun.task.progress == ("toy", 1, 4))
    tools.end()
    until(lambda: runner.started == ["first", "second"])
    (ended,) = queue.look().finished
    assert (ended.status, ended.lines[0].en, queue.look().begun) == ("done", "8 written", None)


@pytest.mark.parametrize("keeps_going", [False, True])
def test_a_tool_that_fails_holds_the_queue_as_a_run_does_and_comes_first_again(
    queue, runner, tools, text, keeps_going
):
    queue.set_keeps_going(keeps_going)
    queue.add_tool("toy", {}, "newt.txt")
    queue.add(text("next"))
    queue.go_on()
    until(lambda: tools.begun)
    tools.end(raises=UserError(GONE()))
    until(lambda: queue.look().finished)
    assert queue.look().finished[0].problems[0].ja == "ファイルがありません"
    if keeps_going:
        until(lambda: runner.started == ["next"])
        return
    until(lambda: queue.look().held == "failed")
    assert runner.started == [] and queue.look().again == ("newt.txt", "toy")
    assert queue.retry().tool == "toy"
    until(lambda: len(tools.begun) == 2)
    tools.end()
    until(lambda: runner.started == ["next"])


def test_stopped_from_the_queue_it_ends_and_holds_the_queue(queue, runner, tools, text):
    queue.add_tool("toy", {}, "newt.txt")
    queue.add(text("next"))
    queue.go_on()
    until(lambda: tools.begun)
    queue.stop()
    until(lambda: queue.look().held == "stopped")
    assert queue.look().finished[0].status == "stopped" and runner.started == []


def test_a_tool_that_was_stopped_and_shows_what_there_is_counts_as_stopped(queue, tools):
    queue.add_tool("toy", {}, "a")
    queue.go_on()
    until(lambda: tools.begun)
    tools.end(outcome=Outcome((Words("3 of 8", "8のうち3"),), exit_code=EXIT_STOPPED))
    until(lambda: queue.look().finished)
    (ended,) = queue.look().finished
    assert (ended.status, ended.lines[0].en) == ("stopped", "3 of 8")


def test_what_could_not_be_done_of_it_counts_as_failed_and_a_fault_of_the_program_is_a_sentence(queue, tools):
    queue.set_keeps_going(True)
    for name in ("partly", "broken"):
        queue.add_tool("toy", {"word": name}, name)
    queue.go_on()
    until(lambda: len(tools.begun) == 1)
    tools.end(outcome=Outcome((), (GONE(),), EXIT_REFUSED))
    until(lambda: len(tools.begun) == 2)
    tools.end(raises=KeyError("x"))
    until(lambda: len(queue.look().finished) == 2)
    broken, partly = queue.look().finished
    assert (partly.status, broken.status) == ("failed", "failed")
    assert "an internal error (KeyError" in broken.problems[0].en


def test_a_tool_that_may_not_begin_now_waits_without_blame(queue, tools):
    tools.may_begin = False
    queue.add_tool("toy", {}, "newt.txt")
    queue.go_on()
    until(lambda: tools.tries > 2)
    assert not queue.look().waiting[0].fault_en and queue.look().held == ""
    tools.may_begin = True
    until(lambda: tools.begun)


def test_a_tool_that_is_not_there_any_more_stays_with_the_reason(queue):
    queue.add_tool("gone", {}, "newt.txt")
    queue.go_on()
    until(lambda: queue.look().held == "refused")
    assert queue.look().waiting[0].fault_en == "the file is gone"


def test_a_double_click_adds_one_work_and_other_settings_another(queue):
    assert not queue.add_tool("toy", {"word": "a"}, "a").is_again
    assert queue.add_tool("toy", {"word": "a"}, "a").is_again
    assert not queue.add_tool("toy", {"word": "b"}, "b").is_again
    assert names_of(queue) == ["a", "b"]


def test_work_that_is_over_can_be_done_once_more_and_forgotten(queue, tools):
    queue.add_tool("toy", {"word": "a"}, "a")
    queue.go_on()
    until(lambda: tools.begun)
    tools.end()
    until(lambda: queue.look().finished)
    over = queue.look().finished[0].entry.id
    assert queue.repeat("no such") is None and queue.repeat(over).name == "a"
    assert names_of(queue) == ["a"] and queue.look().held == "idle"
    queue.forget()
    assert queue.look().finished == () and queue.repeat(over) is None


def test_after_a_restart_the_work_that_was_cut_off_comes_first_and_what_was_done_is_known(
    tmp_path, queue, runner, tools, text
):
    for name in ("done", "cut off"):
        queue.add_tool("toy", {"word": name}, name)
    queue.add(text("next"))
    queue.go_on()
    until(lambda: len(tools.begun) == 1)
    tools.end()
    until(lambda: len(tools.begun) == 2)
    queue.close()
    again = RunQueue(tmp_path / "queue.json", lambda: runner, tools.begin)
    view = again.look()
    assert [entry.name for entry in view.waiting] == ["cut off", "next"] and view.held == "restart"
    assert view.finished[0].lines == (Words("8 written", "8回書き込みました"),)
    again.close()


def test_a_file_of_before_there_were_tools_in_it_is_read(tmp_path, runner, text):
    run = {
        "id": "a1",
        "text": text("frog"),
        "name": "frog",
        "folder": "",
        "steps": 9,
        "epochs": 0,
        "added": 1.0,
    }
    path = tmp_path / "queue.json"
    path.write_text(json.dumps({"format": 1, "keeps_going": True, "waiting": [run]}))
    view = RunQueue(path, lambda: runner).look()
    assert (view.waiting[0].name, view.waiting[0].tool) == ("frog", "") and view.keeps_going


def test_what_was_begun_last_is_known_of_runs_and_tools(queue, runner, tools, text):
    assert queue.last is None
    queue.add_tool("toy", {}, "a")
    queue.go_on()
    until(lambda: tools.begun)
    assert queue.last is tools.tasks[0]
    runner.start(text("by hand"))
    assert queue.last is runner.current
    tools.end()


def test_a_tool_of_a_run_that_gets_another_name_works_on_what_that_run_makes(
    tmp_path, queue, runner, tools, text
):
    runner.start(text("first"))
    queue.add(text("frog"))
    made, others = tmp_path / "output" / "frog.safetensors", str(tmp_path / "frog.safetensors")
    queue.add_tool("toy", {"source": str(made), "adapters": [str(made), others]}, "frog.safetensors → small")
    made.parent.mkdir()
    made.write_bytes(b"of another program")
    runner.current.status = "done"
    until(lambda: runner.started == ["first", "frog-2"])
    assert names_of(queue) == ["frog-2.safetensors → small"]
    runner.current.status = "done"
    until(lambda: tools.begun)
    new = str(tmp_path / "output" / "frog-2.safetensors")
    assert tools.begun == [{"source": new, "adapters": [new, others]}]
    tools.end()
