"""A run lives on its own thread, one at a time, and always says how it ended."""

import errno
import itertools
import logging
import os
import threading
import time
from pathlib import Path

import pytest

from core import run_folder
from core.catalog import Words
from core.config.check import check
from core.config.file import toml_text
from core.control import StopRun
from core.errors import ConfigError, Message, NumericFault, Problem, ResourceFault, UserError
from core.events import RunEnded, Saved, StageProgress, StepDone, Warned, from_json
from core.formats import partial_files
from core.runner import NotNow, Runner
from core.runs import lock, past_runs, sample_sheet
from core.sinks import JsonLines

pytestmark = pytest.mark.usefixtures("hurried")


def text(folder, more: str = "") -> str:
    head = 'format = 1\n[model]\nbase = "b"\n[dataset]\ntrain_data_dir = "t"\n'
    return f'{head}[save]\noutput_dir = "{folder}"\n{more}'


def run_to_end(train, folder, more: str = ""):
    handle = Runner(train).start(text(folder, more))
    assert handle.wait(10)
    return handle


def test_a_run_that_returns_is_done_with_exit_code_0(tmp_path):
    end = run_to_end(lambda config, folder, control, emit: None, tmp_path).ended
    assert (end.status, end.exit_code) == ("done", 0)


def test_a_stopped_run_has_exit_code_3_and_names_its_state(tmp_path):
    def train(config, folder, control, emit):
        emit(Saved("state", "out/last-state", 7))
        raise StopRun(save=True)

    end = run_to_end(train, tmp_path).ended
    assert (end.status, end.exit_code, end.step) == ("stopped", 3, 7)
    assert "out/last-state" in end.en and "out/last-state" in end.ja


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (UserError(Message("E-X", "wrong", "違います")()), "refused", 2),
        (NumericFault(Message("E-NAN", "not finite", "有限でない")()), "failed", 4),
        (MemoryError(), "failed", 5),
        (OSError(28, "No space left on device"), "failed", 5),
        (OSError(5, "Input/output error", "/data/frog.png"), "failed", 5),
        (OSError(12, "Cannot allocate memory"), "failed", 5),
        (ImportError("x.so: cannot allocate memory in static TLS block"), "failed", 5),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), "failed", 5),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "failed", 5),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
            "failed",
            5,
        ),
        (RuntimeError("can't start new thread"), "failed", 5),
        (SystemExit(0), "failed", 1),
        (ValueError("ours"), "failed", 1),
    ],
)
def test_each_kind_of_fault_has_its_exit_code(tmp_path, error, status, code):
    def train(config, folder, control, emit):
        raise error

    end = run_to_end(train, tmp_path).ended
    assert (end.status, end.exit_code) == (status, code)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NumericFault(Message("E-NUMERIC", "not finite", "有限でない")()), "E-NUMERIC"),
        (MemoryError(), "E-OOM"),
        (OSError(28, "No space left on device"), "E-DISK-FULL"),
        (OSError(5, "Input/output error", "/mnt/x.png"), "E-DISK"),
        (RuntimeError("CUDA error: an illegal memory access was encountered\nmore"), "E-CUDA"),
        (RuntimeError("[tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:55195. more"), "E-PROCESS"),
        (ValueError("ours"), ""),
    ],
)
def test_an_end_names_what_went_wrong(tmp_path, error, code):
    def train(config, folder, control, emit):
        raise error

    end = run_to_end(train, tmp_path).ended
    assert end.code == code and "more" not in end.en.splitlines()
    assert ("restarted" in end.en) == (code == "E-CUDA")


def test_what_keeps_runs_from_starting_is_said_and_the_next_start_is_free(tmp_path):
    runner = Runner(lambda *given: None)
    runner.may_start = Message("E-TEST", "later", "後で")
    with pytest.raises(NotNow, match="later"):
        runner.start(text(tmp_path))
    assert runner.current is None and not runner.is_busy
    runner.may_start = lambda: None
    assert runner.start(text(tmp_path)).wait(10)


def test_a_pause_is_called_so_only_once_the_run_waits(tmp_path):
    go, waits = threading.Event(), threading.Event()

    def train(config, folder, control, emit):
        waits.set()
        go.wait(10)
        control.check()

    handle = Runner(train).start(text(tmp_path))
    waits.wait(10)
    handle.control.pause()
    assert handle.status == "pausing"
    go.set()
    deadline = time.monotonic() + 10
    while handle.status != "paused" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert handle.status == "paused"
    handle.control.resume()
    assert handle.wait(10)


def test_a_fault_of_ours_keeps_its_traceback_out_of_the_sentence(tmp_path):
    def train(config, folder, control, emit):
        raise ValueError("boom")

    end = run_to_end(train, tmp_path).ended
    assert "Traceback" in end.message and "Traceback" not in end.en


def test_a_second_start_is_refused_while_a_run_lives(tmp_path):
    release = threading.Event()
    runner = Runner(lambda config, folder, control, emit: release.wait(10))
    runner.start(text(tmp_path))
    try:
        with pytest.raises(UserError, match="in progress"):
            runner.start(text(tmp_path))
    finally:
        release.set()
        runner.current.wait(10)


def test_twenty_starts_at_once_give_one_run(tmp_path):
    release, started, refused = threading.Event(), [], []
    runner = Runner(lambda config, folder, control, emit: release.wait(10))

    def press():
        try:
            started.append(runner.start(text(tmp_path)))
        except UserError as e:
            refused.append(e.problems[0].code)

    presses = [threading.Thread(target=press) for _ in range(20)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    release.set()
    assert len(started) == 1 and started[0].wait(10)
    assert refused == ["E-RUN-BUSY"] * 19
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_a_run_after_a_run_gets_a_folder_of_its_own(tmp_path):
    runner = Runner(lambda config, folder, control, emit: None)
    folders = set()
    for _ in range(3):
        handle = runner.start(text(tmp_path))
        handle.wait(10)
        folders.add(handle.folder)
    assert len(folders) == 3


def test_the_run_file_in_the_run_folder_is_complete_with_the_seed_that_was_drawn(tmp_path):
    from core.config.check import load

    handle = run_to_end(lambda config, folder, control, emit: None, tmp_path)
    assert load(handle.folder / "run.toml").config == handle.config
    assert handle.config.train.seed is not None


def test_a_thousand_runs_in_one_second_are_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder.time, "strftime", lambda *a: "20261129-000000")
    config = check(text(tmp_path)).config
    (tmp_path / "runs").mkdir()
    for n in range(1, 1000):
        (tmp_path / "runs" / ("20261129-000000-last" + (f"-{n}" if n > 1 else ""))).mkdir()
    with pytest.raises(ResourceFault) as caught:
        run_folder.make(config)
    assert caught.value.problems[0].code == "E-OUT-NAMES"


def test_a_file_that_does_not_pass_starts_nothing(tmp_path):
    runner = Runner(lambda config, folder, control, emit: None)
    with pytest.raises(ConfigError):
        runner.start(text(tmp_path, "[train]\nmax_train_steps = 0\n"))
    assert runner.current is None and not (tmp_path / "runs").exists()


def test_every_event_is_a_line_of_the_events_file(tmp_path):
    def train(config, folder, control, emit):
        emit(StepDone(1, 2, 1, 0.5, {"unet": 1e-4}, 0.1, 0.2))
        emit(Warned(Message("W-X", "{text}", "{text}")(text=Words("a", "あ"))))

    handle = run_to_end(train, tmp_path)
    lines = (handle.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [from_json(line) for line in lines] == handle.log.since(0)
    assert isinstance(handle.log.since(0)[-1], RunEnded)


def test_a_sink_that_fails_is_said_once_and_the_run_goes_on(tmp_path):
    class Broken:
        def __call__(self, event):
            raise OSError("gone")

        def close(self):
            pass

    def train(config, folder, control, emit):
        for n in range(3):
            emit(StepDone(n + 1, 3, 1, 0.5, {}, 0.1, 0.2))

    handle = Runner(train).start(text(tmp_path), sinks=[Broken()])
    assert handle.wait(10) and handle.ended.status == "done"
    assert len([e for e in handle.log.since(0) if isinstance(e, Warned)]) == 1


def test_a_paused_run_waits_and_goes_on(tmp_path):
    steps = []

    def train(config, folder, control, emit):
        for n in range(100):
            control.check()
            steps.append(n)
            time.sleep(0.005)

    handle = Runner(train).start(text(tmp_path))
    handle.control.pause()
    time.sleep(0.1)
    at_pause = len(steps)
    time.sleep(0.1)
    assert len(steps) == at_pause and handle.status == "paused"
    handle.control.resume()
    assert handle.wait(10) and len(steps) == 100


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError) as caught:
        Runner(lambda *a: None).start(text(tmp_path / "file"))
    assert caught.value.problems[0].key == "save.output_dir"


def test_a_file_where_the_folder_of_runs_should_be_is_named_in_the_sentence(tmp_path):
    (tmp_path / "runs").write_text("x")
    with pytest.raises(UserError) as caught:
        Runner(lambda *a: None).start(text(tmp_path))
    (problem,) = caught.value.problems
    assert problem.code == "E-OUT-WRITE" and str(tmp_path / "runs") in problem.en


def test_no_free_name_for_the_folder_of_a_run_is_told(tmp_path, monkeypatch):
    make = Path.mkdir

    def taken(path: Path, *how, **more) -> None:
        if path.parent == tmp_path / "runs":
            raise FileExistsError(path)
        make(path, *how, **more)

    monkeypatch.setattr(Path, "mkdir", taken)
    with pytest.raises(ResourceFault) as caught:
        Runner(lambda *a: None).start(text(tmp_path))
    assert caught.value.problems[0].code == "E-OUT-NAMES"


def test_an_output_folder_that_takes_no_file_is_refused_before_anything_is_read(tmp_path, monkeypatch):
    def read_only(*args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    trained = []
    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(UserError) as caught:
        Runner(lambda *a: trained.append(a)).start(text(tmp_path))
    (problem,) = caught.value.problems
    assert (problem.key, caught.value.exit_code, trained) == ("save.output_dir", 2, [])
    assert problem.path == str(tmp_path) and "Read-only file system" in problem.en


def test_results_of_the_same_name_are_told_of_before_the_run_begins(tmp_path):
    (tmp_path / "frog.safetensors").write_bytes(b"")
    (tmp_path / "newt.safetensors").write_bytes(b"")
    handle = run_to_end(lambda config, folder, control, emit: None, tmp_path, 'output_name = "frog"\n')
    (notice,) = [event for event in handle.log.since(0) if isinstance(event, Warned)]
    assert notice.code == "W-OUT-THERE" and "1 file" in notice.problem.en and "frog" in notice.problem.ja


def test_a_first_run_of_a_name_is_told_nothing(tmp_path):
    handle = run_to_end(lambda config, folder, control, emit: None, tmp_path)
    assert not [event for event in handle.log.since(0) if isinstance(event, Warned)]


def test_of_a_long_stage_the_log_keeps_some_fifty_marks_whatever_its_strides(tmp_path):
    def train(config, folder, control, emit):
        for done in range(0, 4270, 13):
            emit(StageProgress("fetch_model", done, 4270))
        emit(StageProgress("fetch_model", 4270, 4270))

    handle = run_to_end(train, tmp_path)
    marks = [event.done for event in handle.log.since(0) if isinstance(event, StageProgress)]
    assert marks[0] == 0 and marks[-1] == 4270
    assert 48 <= len(marks) <= 53
    assert max(after - before for before, after in itertools.pairwise(marks)) < 2 * 4270 / 50


def disk_full(*args, **more):
    raise OSError(28, "No space left on device", "run.toml")


def no_threads(*args):
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("owner", "name", "fault", "code"),
    [
        (toml_text, "write", disk_full, "E-DISK-FULL"),
        (threading.Thread, "start", no_threads, "E-THREADS"),
    ],
)
def test_a_start_that_fails_is_a_sentence_and_leaves_the_next_start_free(
    tmp_path, monkeypatch, owner, name, fault, code
):
    runner = Runner(lambda config, folder, control, emit: None)
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, fault)
        with pytest.raises(ResourceFault) as caught:
            runner.start(text(tmp_path))
    assert [problem.code for problem in caught.value.problems] == [code]
    assert list((tmp_path / "runs").iterdir()) == [] and runner.current is None
    handle = runner.start(text(tmp_path))
    assert handle.wait(10) and handle.ended.status == "done"


def test_a_disk_that_is_full_when_the_log_is_opened_ends_no_run(tmp_path, monkeypatch):
    monkeypatch.setattr(logging, "FileHandler", disk_full)
    handle = run_to_end(lambda config, folder, control, emit: None, tmp_path)
    assert handle.ended.status == "done"
    assert [e.code for e in handle.log.since(0) if isinstance(e, Warned)] == ["W-LOG"]


def test_a_sheet_of_samples_that_can_not_be_drawn_changes_no_end(tmp_path, monkeypatch):
    def broken(*args):
        raise ValueError("no sheet")

    monkeypatch.setattr(sample_sheet, "write", broken)
    handle = run_to_end(lambda config, folder, control, emit: None, tmp_path)
    assert handle.ended.status == "done" and isinstance(handle.log.since(0)[-1], RunEnded)


def refused_start(runner, *given) -> Problem:
    with pytest.raises(UserError) as caught:
        runner.start(*given)
    assert caught.value.exit_code == 2
    (problem,) = caught.value.problems
    return problem


@pytest.fixture
def under_way(tmp_path):
    """A run of the name frog that another program, here another Runner, trains in `tmp_path / "out"`."""
    release = threading.Event()
    handle = Runner(lambda *a: release.wait(20)).start(text(tmp_path / "out", 'output_name = "frog"\n'))
    yield handle
    release.set()
    assert handle.wait(10)


@pytest.mark.parametrize("more", ["", 'resume = "auto"\n'])
def test_a_second_run_of_an_output_name_is_refused_with_pid_and_start_time(tmp_path, under_way, more):
    runner = Runner(lambda *a: None)
    problem = refused_start(runner, text(tmp_path / "out", f'output_name = "frog"\n{more}'))
    assert problem.code == "E-RUN-LOCKED" and problem.key == "save.output_name"
    since = time.strftime("%Y-%m-%d %H:%M:", time.localtime(under_way.started))
    for sentence in (problem.en, problem.ja):
        assert str(os.getpid()) in sentence and since in sentence and "frog" in sentence
    assert len([path for path in (tmp_path / "out" / "runs").iterdir() if path.is_dir()]) == 1


def test_a_link_to_the_output_folder_is_the_same_folder(tmp_path, under_way):
    (tmp_path / "link").symlink_to(tmp_path / "out")
    problem = refused_start(Runner(lambda *a: None), text(tmp_path / "link", 'output_name = "frog"\n'))
    assert problem.code == "E-RUN-LOCKED"


@pytest.mark.parametrize(("folder", "name"), [("out", "newt"), ("other", "frog")])
def test_another_name_or_folder_trains_at_the_same_time(tmp_path, under_way, folder, name):
    handle = Runner(lambda *a: None).start(text(tmp_path / folder, f'output_name = "{name}"\n'))
    assert handle.wait(10) and handle.ended.status == "done"


def test_a_name_is_free_again_once_its_run_has_ended(tmp_path):
    for _ in range(2):
        assert run_to_end(lambda *a: None, tmp_path).ended.status == "done"
    assert not [path.name for path in (tmp_path / "runs").iterdir() if path.is_file()]


def test_on_a_drive_without_locks_a_run_goes_on_and_says_so(tmp_path, monkeypatch):
    def no_locks(file):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock, "_ask", no_locks)
    handle = run_to_end(lambda *a: None, tmp_path)
    assert handle.ended.status == "done"
    assert [e.code for e in handle.log.since(0) if isinstance(e, Warned)] == ["W-RUN-NOLOCK"]


def test_a_start_clears_away_what_killed_runs_of_its_name_left_half_written(tmp_path):
    names = ["frog.safetensors", "frog-step00000002.ckpt", "frog-last-state", "frog.yaml", "frog-000001"]
    others = ["newt.safetensors", "notes.txt"]
    left = {
        name: tmp_path / f".{name}.{partial_files._host()}-{os.getpid()}-0.part" for name in (*names, *others)
    }
    for path in left.values():
        path.write_text("half")
    run_to_end(lambda *a: None, tmp_path, 'output_name = "frog"\n')
    assert [name for name, path in left.items() if path.exists()] == others


def test_a_start_clears_away_half_a_run_file_that_an_earlier_run_was_killed_at(tmp_path):
    earlier = tmp_path / "runs" / "20260101000000-frog"
    earlier.mkdir(parents=True)
    left = earlier / f".run.toml.{partial_files._host()}-{os.getpid()}-0.part"
    left.write_text("half")
    run_to_end(lambda *a: None, tmp_path)
    assert [*earlier.iterdir()] == []


def test_after_one_failed_line_the_list_of_past_runs_still_tells_how_the_run_ended(tmp_path, monkeypatch):
    write = JsonLines._write

    def full_at_steps(sink):
        is_step = sink._pending.splitlines()[-1].startswith(b'{"event": "step_done"')
        disk_full() if is_step else write(sink)

    monkeypatch.setattr(JsonLines, "_write", full_at_steps)

    def train(config, folder, control, emit):
        for n in range(3):
            emit(StepDone(n + 1, 3, 1, 0.5, {}, 0.1, 0.2))

    handle = run_to_end(train, tmp_path)
    assert [e.code for e in handle.log.since(0) if isinstance(e, Warned)] == ["W-LOG"]
    (past,) = past_runs.past_runs(tmp_path)
    assert (past.status, past.step, past.total) == ("done", 3, 3)


DEMO = Path(__file__).resolve().parents[1] / "demo" / "base.safetensors"


@pytest.mark.parametrize(
    ("more", "states"), [("", "2 training states"), ("autosave_minutes = 0\n", "(1 model")]
)
def test_a_disk_without_room_for_model_and_states_is_refused_with_both_sizes(
    tmp_path, monkeypatch, more, states
):
    monkeypatch.setattr("core.forecast.disk.free_in", lambda config: 2**20)
    given = text(tmp_path, more).replace('base = "b"', f"base = '{DEMO}'")
    problem = refused_start(Runner(lambda *a: None), f'{given}[network]\nmethod = "none"\n')
    assert problem.code == "E-DISK-ROOM" and "1.0 MiB are free" in problem.en and states in problem.en
    assert "空きは1.0 MiB" in problem.ja and list((tmp_path / "runs").iterdir()) == []


def test_where_there_is_room_or_the_model_is_unknown_nothing_is_said(tmp_path, monkeypatch):
    given = text(tmp_path).replace('base = "b"', f"base = '{DEMO}'")
    assert (handle := Runner(lambda *a: None).start(given)).wait(10) and handle.ended.status == "done"
    monkeypatch.setattr("core.forecast.disk.free_in", lambda config: 1 / 0)
    assert run_to_end(lambda *a: None, tmp_path).ended.status == "done"


@pytest.mark.parametrize(("presses", "code"), [([False, True], 5), ([False], 3)])
def test_a_save_that_waits_for_room_is_given_up_when_a_run_is_asked_to_end_once_more(tmp_path, presses, code):
    waits, is_freed = threading.Event(), threading.Event()

    def train(config, folder, control, emit):
        while not control.is_stopping:
            time.sleep(0.01)
        emit(StageProgress("room", 0, 1))
        waits.set()
        while not control.gives_up and not is_freed.wait(0.01):
            pass
        if control.gives_up:
            raise ResourceFault(Message("E-DISK-FULL", "the disk is full.", "空きがありません。")())
        emit(StageProgress("room", 1, 1))
        raise StopRun(save=True)

    handle = Runner(train).start(text(tmp_path))
    for is_again in presses:
        handle.ask_to_end(is_again)
        assert waits.wait(10)
    assert handle.can_be_given_up == (code == 3) or handle.wait(10)
    is_freed.set()
    assert handle.wait(10) and handle.ended.exit_code == code
