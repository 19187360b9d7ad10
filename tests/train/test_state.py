"""States: complete or not there, damage seen, the one before used."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from core.errors import Message, ResourceFault, UserError
from core.events import Saved, Warned
from core.formats import tensors
from core.runs import state_folder

STEPS = {"max_train_steps": 3}
KEEP = {"save_every_n_steps": 1, "save_state": True}


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


def weights(out: Path) -> dict[str, torch.Tensor]:
    return tensors.load(out / "last.safetensors")


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def truncate(state: Path) -> None:
    path = state / "trainable.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def flip_a_byte(state: Path) -> None:
    path = state / "optimizer.safetensors"
    data = bytearray(path.read_bytes())
    data[-50] ^= 1
    path.write_bytes(data)


def zero_the_tail(state: Path) -> None:
    path = state / "trainable.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-200] + bytes(200))


def remove_a_file(state: Path) -> None:
    (state / "state.json").unlink()


def empty_the_manifest(state: Path) -> None:
    (state / "manifest.json").write_text("")


DAMAGES = [truncate, flip_a_byte, zero_the_tail, remove_a_file, empty_the_manifest]


def test_after_any_damage_the_state_before_leads_to_the_same_end(configure, train, out, tmp_path):
    train(configure(train=STEPS, save=KEEP))
    expected = weights(out)
    shutil.rmtree(out / "last-state")
    shutil.rmtree(out / "step-00000003-state")
    (out / "last.safetensors").unlink()
    shutil.copytree(out, tmp_path / "kept")
    for n, damage in enumerate(DAMAGES):
        damage(out / "step-00000002-state")
        newest, passed_over = state_folder.newest(out, None)
        assert newest is not None and newest.step == 1, damage.__name__
        assert [problem.code for problem in passed_over] == ["W-STATE-DAMAGED"]
        if n == 0:
            trial = train(configure(train=STEPS, save=KEEP | {"resume": "auto"}))
            assert "W-STATE-DAMAGED" in [event.code for event in trial.of(Warned)]
            assert same(weights(out), expected)
        shutil.rmtree(out)
        shutil.copytree(tmp_path / "kept", out)


def test_when_every_state_is_damaged_nothing_starts_from_zero(configure, train, out):
    train(configure(train={"max_train_steps": 1}, save=KEEP))
    for state in out.glob("*-state"):
        truncate(state)
    with pytest.raises(UserError) as refused:
        train(configure(train=STEPS, save=KEEP | {"resume": "auto"}))
    problems = refused.value.problems
    assert {problem.code for problem in problems} == {"E-STATE-DAMAGED"} and len(problems) == 2
    assert all("there is no complete one" in p.en and "the one before" not in p.en for p in problems)
    assert all("ほかに使える状態はありません" in p.ja and "1つ前" not in p.ja for p in problems)


def test_a_named_state_that_is_damaged_is_refused(configure, train, out):
    train(configure(train={"max_train_steps": 1}, save={"save_state": True}))
    flip_a_byte(out / "last-state")
    with pytest.raises(UserError, match=r"not complete \(optimizer.safetensors is damaged\)"):
        train(configure(train=STEPS, save={"resume": str(out / "last-state")}))


def test_a_full_disk_is_said_and_the_run_goes_on(configure, train, out, monkeypatch):
    from core.train.outputs import saving

    plain = saving.StateWriter.save
    calls = []

    def full(self, *args):
        calls.append(args)
        if len(calls) == 1:
            raise ResourceFault(Message("E-DISK-FULL", "no room", "空きなし")())
        return plain(self, *args)

    monkeypatch.setattr(saving.StateWriter, "save", full)
    trial = train(configure(train=STEPS, save=KEEP))
    assert [event.code for event in trial.of(Warned) if "DISK" in event.code] == ["W-DISK-FULL"]
    states = [event.path for event in trial.of(Saved) if event.kind == "state"]
    assert [Path(path).name for path in states] == [
        "step-00000002-state",
        "step-00000003-state",
        "last-state",
    ]


def test_the_last_save_waits_for_room(configure, train, monkeypatch):
    from core.train.outputs import saving

    plain, calls = saving.Outputs._save_model, []

    def full(self, *args):
        calls.append(args)
        if len(calls) < 23:
            raise ResourceFault(Message("E-DISK-FULL", "no room", "空きなし")())
        return plain(self, *args)

    monkeypatch.setattr(saving.Outputs, "_save_model", full)
    monkeypatch.setattr(saving, "RETRY_SECONDS", 0.001)
    trial = train(configure(train={"max_train_steps": 1}))
    assert [event.kind for event in trial.of(Saved)] == ["model"] and len(calls) == 23
    told = [event.problem.en for event in trial.of(Warned) if event.code == "W-DISK-FULL"]
    assert len(told) == 2 and "the run waits for room" in told[0]


def test_states_of_another_name_are_not_ours(tmp_path):
    for name in ("last-state", "frog-last-state", "frog-step-00000003-state", "frog-autosave-00000001-state"):
        (tmp_path / name).mkdir()
    assert [path.name for path in state_folder.candidates(tmp_path, None)] == ["last-state"]
    assert sorted(path.name for path in state_folder.candidates(tmp_path, "frog")) == [
        "frog-autosave-00000001-state",
        "frog-last-state",
        "frog-step-00000003-state",
    ]


@pytest.fixture
def state(tmp_path) -> Path:
    """A state as it is written, with empty weights, that the checks find complete."""
    folder = tmp_path / "out" / "last-state"
    folder.mkdir(parents=True)
    for name in state_folder.REQUIRED:
        (folder / name).write_text("{}")
    rewrite(folder, {})
    assert state_folder.fault(folder) == ""
    return folder


def rewrite(folder: Path, changes: dict) -> None:
    """Put other values into a state, with a manifest that is right for them."""
    values = {
        "step": 3, "losses": [], "lineage": "run-0", "written": {}, "saves": [],
        "identity": {}, "machine": {}, "config": {"train.seed": 7},
    }  # fmt: skip
    (folder / "state.json").write_text(json.dumps(values | changes))
    (folder / "manifest.json").unlink(missing_ok=True)
    state_folder.seal(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", "a/b", "C:secret", "x\\y", ""])
def test_a_manifest_can_not_point_outside(state, name):
    manifest = json.loads((state / "manifest.json").read_text())
    manifest["files"][name] = {"size": 1, "crc32": 0}
    (state / "manifest.json").write_text(json.dumps(manifest))
    assert "outside" in state_folder.fault(state)


@pytest.mark.parametrize("name", state_folder.REQUIRED)
def test_a_manifest_that_leaves_out_a_file_is_of_no_complete_state(state, name):
    manifest = json.loads((state / "manifest.json").read_text())
    del manifest["files"][name]
    (state / "manifest.json").write_text(json.dumps(manifest))
    assert state_folder.fault(state) == f"manifest.json does not name {name}"


KEPT = {"kind": "step", "number": 1, "model": "at-step00000001.safetensors", "state": ""}


@pytest.mark.parametrize(
    "changes",
    [
        {"step": -5}, {"step": True}, {"step": 2.0}, {"step": None},
        {"losses": ["1"]}, {"losses": 1}, {"losses": [float("nan")]},
        {"lineage": "../run"}, {"lineage": 5},
        {"written": ["../victim.ckpt"]}, {"written": {"/etc/passwd": [1, 1, 1.0]}}, {"written": "x"},
        {"written": {"a": [1]}}, {"written": {"a": 5}}, {"written": {"a": [1, 1, "x"]}}, {"inexact": [1]},
        {"saves": [KEPT | {"model": "../victim"}]}, {"saves": [KEPT | {"state": "/home/me"}]},
        {"saves": [KEPT | {"model": ".."}]}, {"saves": [KEPT | {"number": "1"}]}, {"saves": [{}]},
        {"saves": [KEPT | {"more": 1}]}, {"saves": [5]}, {"saves": {}},
        {"config": {}}, {"config": []}, {"config": {"train.seed": "7"}},
        {"identity": []}, {"machine": 1}, {"lengths": {"a": "b"}}, {"stopped": "unet"}, {"losses": [10**400]},
    ],
    ids=str,
)  # fmt: skip
def test_a_state_whose_values_are_not_as_written_is_damaged_whatever_its_checksums(state, changes):
    rewrite(state, changes)
    assert state_folder.fault(state) != ""


def test_a_state_nested_to_no_end_is_damaged(state):
    (state / "manifest.json").write_text("[" * 100_000)
    assert "RecursionError" in state_folder.fault(state)


@pytest.mark.parametrize(
    "name", ["frog (1)", "c++", "frog[v2]", "$x^", "frog(", "a*b.{2}|", "日本 語", "frog-last"]
)
def test_the_states_of_any_output_name_are_found(state, name):
    there = state.rename(state.with_name(f"{name}-step-00000003-state"))
    found, passed_over = state_folder.newest(there.parent, name)
    assert found is not None and found.path == there and not passed_over
