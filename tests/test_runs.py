"""Past runs are read back as they were, quickly, and whatever else lies about does no harm."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.catalog import Words
from core.errors import Message
from core.events import PlanReady, RunEnded, Saved, StepDone, Warned, to_json
from core.runs import checkpoints, lock, past_runs

ROOT = Path(__file__).resolve().parents[1]

RUN_FILE = """\
format = 1
[model]
# a comment with an = and a 'quote
base = "models/frog.safetensors"
[network]
method = "lora"
[train]
learning_rate = 1e-4
[save]
output_name = "sls frog"
"""


def step(n, loss=0.5, total=20):
    return StepDone(n, total, 1, loss, {"unet": 1e-4}, 1.0, 0.5, time=1000.0 + n)


def make_run(output, name="20261122-120000-sls_frog", events=(), run_file=RUN_FILE):
    folder = output / "runs" / name
    folder.mkdir(parents=True)
    if run_file is not None:
        (folder / "run.toml").write_text(run_file, encoding="utf-8")
    if events is not None:
        lines = "".join(to_json(event) + "\n" for event in events)
        (folder / "events.jsonl").write_text(lines, encoding="utf-8")
    return folder


PLAN = PlanReady(4, 0, 40, 10, 20, 2, (), time=1000.0)
DONE = RunEnded("done", 0, 20, "Done.", "完了しました。", time=1030.0)


def test_a_finished_run_is_listed_with_its_name_steps_loss_and_model(tmp_path):
    model = Saved("model", "output/sls frog.safetensors", 20, time=1021.0)
    folder = make_run(tmp_path, events=[PLAN, step(1, 0.9), step(20, 0.25), model, DONE])
    (folder / "samples").mkdir()
    (folder / "samples" / "step-00000020_00_1.png").write_bytes(b"")
    (run,) = past_runs.past_runs(tmp_path)
    assert (run.name, run.status, run.step, run.total, run.loss) == ("sls frog", "done", 20, 20, 0.25)
    assert (run.model, run.samples) == ("output/sls frog.safetensors", 1)
    assert (run.method, run.base) == ("lora", "models/frog.safetensors")
    assert time.localtime(run.started)[:6] == (2026, 11, 22, 12, 0, 0)


def test_a_run_without_an_end_was_interrupted(tmp_path):
    make_run(tmp_path, events=[PLAN, step(7)])
    (run,) = past_runs.past_runs(tmp_path)
    assert (run.status, run.step, run.total) == ("interrupted", 7, 20)


def test_the_run_under_way_is_running(tmp_path):
    folder = make_run(tmp_path, events=[PLAN, step(7)])
    (run,) = past_runs.past_runs(tmp_path, live=folder)
    assert run.status == "running"


def test_a_run_that_some_program_works_on_is_running_and_interrupted_once_that_was_killed(tmp_path):
    folder = make_run(tmp_path, events=[PLAN, step(7)])
    code = "import sys, pathlib; from core.runs import lock\nwith lock.held(pathlib.Path(sys.argv[1])):\n"
    code += " print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline().strip() == b"held"
        assert past_runs.past_runs(tmp_path)[0].status == "running"
        other.kill()
        other.wait()
    assert (folder / lock.NAME).exists()
    assert past_runs.past_runs(tmp_path)[0].status == "interrupted"


def test_nothing_is_left_of_the_lock_when_the_run_ends(tmp_path):
    with lock.held(tmp_path):
        assert lock.is_held(tmp_path)
    assert not lock.is_held(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_runs_come_newest_first(tmp_path):
    for day in ("21", "23", "22"):
        make_run(tmp_path, f"202611{day}-120000-frog")
    assert [run.folder.name[6:8] for run in past_runs.past_runs(tmp_path)] == ["23", "22", "21"]


def test_an_output_folder_that_is_not_there_has_no_runs(tmp_path):
    assert past_runs.past_runs(tmp_path / "nothing") == ()


@pytest.mark.parametrize(
    "line",
    [
        b'{"event": "step_done", "step": 8',
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'{"event": "step_done"}',
        b'{"event": "step_done", "step": "eight", "total": [], "epoch": 1, "loss": "?", "lr": {}, '
        b'"grad_norm": 1, "seconds": 1}',
        b'{"event": "saved", "kind": "model", "path": {}, "step": 9}',
        b'{"event": "of a later version", "step": 9}',
        b"[" * 100_000,
    ],
)
def test_a_broken_line_is_passed_over_and_the_rest_is_read(tmp_path, line):
    folder = make_run(tmp_path, events=[PLAN, step(7)])
    with (folder / "events.jsonl").open("ab") as file:
        file.write(line)
    (run,) = past_runs.past_runs(tmp_path)
    record = past_runs.read(folder)
    assert (run.step, run.loss) == (7, 0.5)
    assert record is not None and list(record.events) == [PLAN, step(7)]


def test_foreign_and_broken_folders_do_not_hide_the_good_ones(tmp_path):
    make_run(tmp_path, events=[PLAN, step(3)])
    (tmp_path / "runs" / "holiday").mkdir()
    (tmp_path / "runs" / "notes.txt").write_text("no folder")
    broken = make_run(tmp_path, "99999999-999999-bad", events=None, run_file="[[[ no TOML")
    (broken / "events.jsonl").mkdir()
    names = [run.name for run in past_runs.past_runs(tmp_path)]
    assert set(names) == {"sls frog", "bad"}


def test_a_list_made_again_knows_what_was_added(tmp_path):
    folder = make_run(tmp_path, events=[PLAN, step(3)])
    past_runs.past_runs(tmp_path)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(to_json(DONE) + "\n")
    (run,) = past_runs.past_runs(tmp_path)
    assert run.status == "done"


def test_of_a_long_run_the_list_tells_plan_and_end(tmp_path):
    events = [PLAN, *(step(n, 0.5, 4000) for n in range(1, 4001)), DONE]
    folder = make_run(tmp_path, events=events)
    assert os.path.getsize(folder / "events.jsonl") > 4 * 64 * 1024
    (run,) = past_runs.past_runs(tmp_path)
    assert (run.status, run.total, run.loss) == ("done", 4000, 0.5)
    record = past_runs.read(folder)
    assert record is not None and len(record.events) == 4002


def test_two_hundred_long_runs_are_listed_in_a_moment(tmp_path):
    lines = "".join(to_json(event) + "\n" for event in [PLAN, *(step(n) for n in range(2000)), DONE])
    for n in range(200):
        folder = make_run(tmp_path, f"20261122-12{n // 60:02d}{n % 60:02d}-frog", events=None)
        (folder / "events.jsonl").write_text(lines, encoding="utf-8")
    before = time.process_time()
    assert len(past_runs.past_runs(tmp_path)) == 200
    first, before = time.process_time() - before, time.process_time()
    past_runs.past_runs(tmp_path)
    # The second time only dates and sizes are looked at.
    assert time.process_time() - before < min(0.2, first / 5)


def test_a_run_is_read_in_full(tmp_path):
    warned = Warned(Message("W-X", "{text}", "{text}")(text=Words("careful", "注意")), time=1002.0)
    folder = make_run(tmp_path, events=[PLAN, warned, step(1)])
    record = past_runs.read(folder)
    assert record is not None
    assert list(record.events) == [PLAN, warned, step(1)]
    assert record.values["train.learning_rate"] == 1e-4
    assert record.values["save.output_name"] == "sls frog"
    assert record.text == RUN_FILE


def test_a_folder_that_holds_no_run_is_read_as_none(tmp_path):
    assert past_runs.read(tmp_path) is None


@pytest.mark.parametrize("told", ["/elsewhere/samples/a.png", "C:\\old\\samples\\a.png", "../../a.png"])
def test_samples_of_a_moved_run_are_found_where_they_lie_now(tmp_path, told):
    folder = make_run(tmp_path, events=[Saved("sample", told, 5, {"prompt": "sls frog"})])
    record = past_runs.read(folder)
    assert record is not None
    assert record.events[0].path == str(folder / "samples" / "a.png")


def make_state(path, step, lineage):
    path.mkdir()
    (path / "state.json").write_text(json.dumps({"step": step, "lineage": lineage}))
    return path


def test_the_state_to_go_on_from_is_the_newest_that_still_lies_there(tmp_path):
    old = make_state(tmp_path / "step-00000005-state", 5, "20261122-120000-sls_frog")
    new = tmp_path / "step-00000010-state"
    folder = make_run(tmp_path, events=[Saved("state", str(old), 5), Saved("state", str(new), 10)])
    run = past_runs.read(folder).run
    assert checkpoints.newest_state(run) == (old, 5)


def test_a_state_that_a_later_run_saved_under_the_same_name_is_not_taken(tmp_path):
    path = make_state(tmp_path / "last-state", 5, "20261123-080000-sls_frog")
    folder = make_run(tmp_path, events=[Saved("state", str(path), 5)])
    assert checkpoints.newest_state(past_runs.read(folder).run) is None


def test_a_state_tells_which_run_of_a_training_has_saved_it(tmp_path):
    """Both runs have saved step 10 under one name: the second was resumed from step 5 of the first."""
    first, second = "20261122-120000-sls_frog", "20261122-130000-sls_frog"
    path = make_state(tmp_path / "step-00000010-state", 10, first)
    (path / "state.json").write_text(json.dumps({"step": 10, "lineage": first, "run": second}))
    found = {}
    for name in (first, second):
        folder = make_run(tmp_path, name, events=[Saved("state", str(path), 10)])
        found[name] = checkpoints.newest_state(past_runs.read(folder).run)
    assert found == {first: None, second: (path, 10)}


def test_an_older_state_of_another_training_of_the_same_name_is_not_taken(tmp_path):
    path = make_state(tmp_path / "last-state", 10, "20261121-120000-sls_frog")
    folder = make_run(tmp_path, events=[Saved("state", str(path), 10)])
    assert checkpoints.newest_state(past_runs.read(folder).run) is None


def test_a_run_can_be_taken_out_of_the_list_and_put_back_whole(tmp_path):
    folder = make_run(tmp_path, events=[PLAN, DONE])
    (run,) = past_runs.past_runs(tmp_path)
    past_runs.to_trash(run)
    assert past_runs.past_runs(tmp_path) == ()
    (gone,) = past_runs.trashed(tmp_path)
    assert (gone.folder / "events.jsonl").is_file()
    past_runs.from_trash(gone)
    assert past_runs.past_runs(tmp_path) == (run,)
    assert (folder / "run.toml").read_text() == RUN_FILE


def test_putting_back_never_replaces_a_run(tmp_path):
    make_run(tmp_path, events=[PLAN, DONE])
    past_runs.to_trash(past_runs.past_runs(tmp_path)[0])
    make_run(tmp_path, events=[PLAN])
    with pytest.raises(FileExistsError):
        past_runs.from_trash(past_runs.trashed(tmp_path)[0])
    assert len(past_runs.trashed(tmp_path)) == 1
