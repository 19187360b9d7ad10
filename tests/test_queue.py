"""The queue of runs: in order, once each, held when something went wrong, kept over a restart."""

import json
import threading
import time

import pytest

from core.config.check import check
from core.errors import ConfigError, Message, UserError
from core.queue import RunQueue
from core.runner import NotNow

NEEDED = '[model]\nbase = "model.safetensors"\n[dataset]\ntrain_data_dir = "images"\n'

SOON = 10.0
"""Seconds that a test waits for what should happen at the next look."""


class Run:
    def __init__(self, config):
        self.config, self.status = config, "running"

    @property
    def is_over(self):
        return self.status not in ("running", "paused")


class FakeRunner:
    """Starts runs that end when a test says so."""

    def __init__(self):
        self.current, self.started, self.refuses, self.tries = None, [], {}, 0
        self.may_start = True
        self._lock = threading.Lock()

    def start(self, text, overrides=()):
        with self._lock:
            if self.current is not None and not self.current.is_over:
                raise NotNow(Message("E-RUN-BUSY", "busy", "実行中")())
            self.tries += 1
            if not self.may_start:
                raise NotNow(Message("E-TEST", "later", "後で")())
            config = check(text, overrides).config
            if problem := self.refuses.get(config.save.output_name):
                raise UserError(problem)
            self.current = Run(config)
            self.started.append(config.save.output_name)
            return self.current


@pytest.fixture
def runner():
    return FakeRunner()


@pytest.fixture
def queue(tmp_path, runner, monkeypatch):
    monkeypatch.setattr("core.queue.POLL_SECONDS", 0.01)
    made = RunQueue(tmp_path / "queue.json", lambda: runner)
    yield made
    made.close()


@pytest.fixture
def text(tmp_path):
    def make(name, more=""):
        return f'{NEEDED}[save]\noutput_dir = "{tmp_path}/output"\noutput_name = "{name}"\n{more}'

    return make


def until(is_so):
    end = time.monotonic() + SOON
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def names_of(queue):
    return [run.name for run in queue.look().waiting]


def begin(runner, text):
    runner.start(text("first"))


def test_the_next_run_starts_when_the_one_before_is_done(queue, runner, text):
    begin(runner, text)
    queue.add(text("second"))
    queue.add(text("third"))
    assert runner.started == ["first"] and names_of(queue) == ["second", "third"]
    runner.current.status = "done"
    until(lambda: runner.started == ["first", "second"])
    runner.current.status = "done"
    until(lambda: runner.started == ["first", "second", "third"])
    assert names_of(queue) == []


def test_what_may_not_start_now_waits_without_blame_and_is_tried_again(queue, runner, text):
    runner.may_start = False
    queue.add(text("first"))
    queue.go_on()
    until(lambda: runner.tries > 2)
    assert names_of(queue) == ["first"] and queue.look().held == "" and not queue.look().waiting[0].fault_en
    runner.may_start = True
    until(lambda: runner.started == ["first"])


@pytest.mark.parametrize("status", ["failed", "stopped", "refused"])
def test_after_a_run_that_was_not_done_the_queue_holds_until_told_to_go_on(queue, runner, text, status):
    begin(runner, text)
    queue.add(text("second"))
    runner.current.status = status
    until(lambda: queue.look().held == status)
    time.sleep(0.05)
    assert runner.started == ["first"]
    queue.go_on()
    until(lambda: runner.started == ["first", "second"])


def test_set_to_keep_going_it_goes_on_after_a_failure(queue, runner, text):
    queue.set_keeps_going(True)
    begin(runner, text)
    queue.add(text("second"))
    runner.current.status = "failed"
    until(lambda: runner.started == ["first", "second"])


def test_with_nothing_under_way_a_run_that_is_added_waits_for_a_click(queue, runner, text):
    queue.add(text("one"))
    time.sleep(0.05)
    assert runner.started == [] and queue.look().held == "idle"
    queue.go_on()
    until(lambda: runner.started == ["one"])


def test_runs_that_were_added_first_follow_a_run_that_is_started_by_hand(queue, runner, text):
    queue.add(text("later"))
    begin(runner, text)
    until(lambda: queue.look().held == "")
    runner.current.status = "done"
    until(lambda: runner.started == ["first", "later"])


def test_a_run_that_had_failed_before_does_not_hold_what_is_added_after_it(queue, runner, text):
    begin(runner, text)
    runner.current.status = "failed"
    queue.add(text("second"))
    queue.go_on()
    until(lambda: runner.started == ["first", "second"])


def test_the_queue_is_there_after_a_restart_and_waits_for_a_click(tmp_path, queue, runner, text):
    begin(runner, text)
    queue.add(text("second"))
    queue.set_keeps_going(True)
    queue.close()
    runner.current.status = "done"
    again = RunQueue(tmp_path / "queue.json", lambda: runner)
    assert again.look().held == "restart" and names_of(again) == ["second"] and again.look().keeps_going
    time.sleep(0.05)
    assert runner.started == ["first"]
    again.go_on()
    until(lambda: runner.started == ["first", "second"])
    again.close()
    assert json.loads((tmp_path / "queue.json").read_text())["waiting"] == []


def test_nothing_is_started_any_more_when_the_program_ends(queue, runner, text):
    queue.set_keeps_going(True)
    begin(runner, text)
    queue.add(text("second"))
    queue.close()
    runner.current.status = "stopped"
    time.sleep(0.05)
    assert runner.started == ["first"] and names_of(queue) == ["second"]


def test_a_double_click_adds_one_run_and_a_later_click_another(tmp_path, runner, text):
    now = [100.0]
    queue = RunQueue(tmp_path / "queue.json", lambda: runner, clock=lambda: now[0])
    first, again = queue.add(text("frog")), queue.add(text("frog"))
    assert again.is_again and again.run == first.run
    now[0] += 60
    assert not queue.add(text("frog")).is_again
    assert names_of(queue) == ["frog", "frog-2"]
    queue.close()


def test_two_pages_that_add_at_the_same_moment_adaptere_run(queue, text):
    pages = [threading.Thread(target=queue.add, args=(text("frog"),)) for _ in range(8)]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    assert names_of(queue) == ["frog"]


def test_a_name_that_waits_is_under_way_or_has_results_gets_a_number(tmp_path, queue, runner, text):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "newt.safetensors").write_bytes(b"")
    begin(runner, text)
    added = queue.add(text("first"))
    assert (added.run.name, added.wanted) == ("first-2", "first")
    assert queue.add(text("first", "[train]\nseed = 1\n")).run.name == "first-3"
    assert queue.add(text("newt")).run.name == "newt-2"
    assert queue.add(text("toad")).wanted == ""


def test_the_same_name_in_another_folder_is_free(tmp_path, queue, runner, text):
    begin(runner, text)
    elsewhere = text("first").replace(f"{tmp_path}/output", f"{tmp_path}/other")
    assert queue.add(elsewhere).wanted == ""


def test_a_resumed_run_keeps_its_name(tmp_path, queue, text):
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "frog.safetensors").write_bytes(b"")
    assert queue.add(text("frog", f'resume = "{tmp_path}/frog-last-state"\n')).run.name == "frog"


def test_results_that_came_in_between_are_not_replaced_and_it_is_said(tmp_path, queue, runner, text):
    begin(runner, text)
    queue.add(text("frog"))
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "frog.safetensors").write_bytes(b"")
    runner.current.status = "done"
    until(lambda: runner.started == ["first", "frog-2"])
    assert "frog-2" in queue.look().notice.en


def test_runs_can_be_moved_and_removed(queue, text):
    runs = {name: queue.add(text(name)).run for name in ("a", "b", "c")}
    queue.move(runs["c"].id, -1)
    assert names_of(queue) == ["a", "c", "b"]
    queue.move(runs["a"].id, -1)
    queue.move(runs["a"].id, 1)
    assert names_of(queue) == ["c", "a", "b"]
    assert queue.remove(runs["a"].id) == runs["a"]
    assert queue.remove(runs["a"].id) is None
    assert names_of(queue) == ["c", "b"]
    queue.put_back(runs["a"], 1)
    queue.put_back(runs["a"], 1)
    assert names_of(queue) == ["c", "a", "b"]


def test_a_run_that_is_refused_at_its_start_stays_with_the_reason_and_the_queue_holds(queue, runner, text):
    runner.refuses["bad"] = Message("E-X", "the model is gone", "モデルがありません")()
    begin(runner, text)
    queue.add(text("bad"))
    queue.add(text("good"))
    runner.current.status = "done"
    until(lambda: queue.look().held == "refused")
    (bad, good) = queue.look().waiting
    assert "the model is gone" in bad.fault_en and good.fault_en == ""
    assert runner.started == ["first"]
    runner.refuses.clear()
    queue.go_on()
    until(lambda: runner.started == ["first", "bad"])


def test_set_to_keep_going_a_refused_run_is_passed_over_and_stays(queue, runner, text):
    runner.refuses["bad"] = Message("E-X", "the model is gone", "モデルがありません")()
    queue.set_keeps_going(True)
    begin(runner, text)
    queue.add(text("bad"))
    queue.add(text("good"))
    runner.current.status = "done"
    until(lambda: runner.started == ["first", "good"])
    assert names_of(queue) == ["bad"]


def test_settings_that_do_not_pass_the_check_are_not_added(queue, text):
    with pytest.raises(ConfigError):
        queue.add(text("frog", "[train]\nmax_train_steps = -5\n"))
    assert names_of(queue) == []


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"waiting": [{"id": 5}]}', '{"waiting": {"a": 1}}', "\x00"]
)
def test_a_damaged_file_is_put_aside_whole_and_said(tmp_path, runner, damage):
    (tmp_path / "queue.json").write_text(damage)
    queue = RunQueue(tmp_path / "queue.json", lambda: runner)
    assert queue.look().waiting == () and queue.look().notice is not None
    (aside,) = tmp_path.glob("*.broken")
    assert aside.read_text() == damage


def test_steps_or_epochs_are_known_of_a_waiting_run(queue, text):
    steps = queue.add(text("a", "[train]\nmax_train_steps = 300\n")).run
    epochs = queue.add(text("b", "[train]\nmax_train_epochs = 4\n")).run
    assert (steps.steps, steps.epochs) == (300, 0)
    assert (epochs.steps, epochs.epochs) == (0, 4)


def test_a_queue_that_got_no_thread_goes_on_at_the_next_call(queue, runner, text, monkeypatch):
    def no_threads(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", no_threads)
        queue.add(text("frog"))
    queue.go_on()
    until(lambda: runner.started == ["frog"])
