"""Which of several files of one name is the model of a run, where several runs had that name."""

import json
import shutil
import struct
from pathlib import Path

import pytest

from core.runs import checkpoints, past_runs
from tests.test_lineage import a_run, state_of

FIRST, SECOND, THIRD = (f"20260101-0{hour}0000" for hour in (1, 2, 3))


def model(file, lineage=None):
    header = json.dumps({"__metadata__": {"rareword_lineage": lineage} if lineage else {}}).encode()
    file.write_bytes(struct.pack("<Q", len(header)) + header)


def places(output):
    """Start of each run -> name of its model, None where that is gone."""
    found = {}
    for run in past_runs.past_runs(output):
        place = checkpoints.place_of(run, "frog.safetensors")
        found[run.folder.name[:15]] = place.name if place else None
    return found


@pytest.fixture
def three(tmp_path):
    """Three runs of one name, each from its first step; the later ones have set the earlier models aside."""
    names = ("frog.old-1", "frog.old-2", "frog")
    for stamp, name in zip((FIRST, SECOND, THIRD), names, strict=True):
        a_run(tmp_path, stamp, [10])
        model(tmp_path / f"{name}.safetensors", f"{stamp}-frog")
    return tmp_path


def test_each_of_three_runs_has_the_model_that_names_it(three):
    assert places(three) == {
        FIRST: "frog.old-1.safetensors",
        SECOND: "frog.old-2.safetensors",
        THIRD: "frog.safetensors",
    }


def test_a_run_whose_model_is_gone_has_none_of_an_earlier_run(three):
    (three / "frog.safetensors").unlink()
    (three / "frog.old-1.safetensors").unlink()
    assert places(three) == {FIRST: None, SECOND: "frog.old-2.safetensors", THIRD: None}


def test_a_file_that_names_no_run_counts_where_no_run_has_set_it_aside(tmp_path):
    a_run(tmp_path, FIRST, [10])
    model(tmp_path / "frog.old-1.safetensors")
    assert places(tmp_path) == {FIRST: None}
    model(tmp_path / "frog.safetensors")
    assert places(tmp_path) == {FIRST: "frog.safetensors"}


def test_a_resumed_run_has_the_model_that_names_the_first_also_when_that_is_gone(tmp_path):
    first = a_run(tmp_path, FIRST, [10, 20], state=20)
    a_run(tmp_path, SECOND, [30], state=30, resume=state_of(tmp_path, 20))
    a_run(tmp_path, THIRD, [40], resume=state_of(tmp_path, 30))
    model(tmp_path / "frog.safetensors", first.name)
    assert places(tmp_path)[THIRD] == "frog.safetensors"
    shutil.rmtree(first)
    assert places(tmp_path) == {SECOND: "frog.safetensors", THIRD: "frog.safetensors"}


def test_a_resumed_run_has_no_model_of_a_run_that_it_does_not_go_on_from(tmp_path):
    a_run(tmp_path, FIRST, [10, 20], state=20)
    other = a_run(tmp_path, SECOND, [10])
    a_run(tmp_path, THIRD, [30], resume=state_of(tmp_path, 20))
    model(tmp_path / "frog.safetensors", other.name)
    assert places(tmp_path) == {FIRST: None, SECOND: "frog.safetensors", THIRD: None}


@pytest.mark.parametrize("act", ["delete", "restore"])
def test_a_model_that_is_moved_takes_its_yaml_along_also_when_killed_in_between(three, monkeypatch, act):
    (three / "frog.yaml").write_text("v-prediction")
    (run,) = (run for run in past_runs.past_runs(three) if run.folder.name == f"{THIRD}-frog")

    found = checkpoints.Checkpoint(three / "frog.safetensors", 10, "last", 1)

    def move():
        if act == "restore":
            (path,) = checkpoints.deleted(run)
            checkpoints.restore(run, path)
        else:
            checkpoints.delete(run, found)

    if act == "restore":
        checkpoints.delete(run, found)
    renamed, real = [], Path.rename

    def killed(path, place):
        if renamed:
            raise KeyboardInterrupt
        renamed.append(path)
        return real(path, place)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            move()
    move()
    (model_file,) = three.rglob("frog.safetensors")
    assert model_file.with_suffix(".yaml").read_text() == "v-prediction"
    assert ("trash" in str(model_file)) == (act == "delete")
