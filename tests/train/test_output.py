"""What a run leaves in its output folder."""

import json
from pathlib import Path

import pytest
import torch

from core.config.output_names import model_name, state_name
from core.events import Saved, StepDone, Warned
from core.formats import tensors
from core.formats.header import read_header
from core.runs import state_folder
from core.runs.result_names import LINEAGE


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


@pytest.mark.parametrize(
    ("output_name", "kind", "number", "expected"),
    [
        (None, "last", 9, "last"),
        (None, "epoch", 10, "epoch-000010"),
        (None, "step", 500, "at-step00000500"),
        ("frog", "last", 9, "frog"),
        ("frog", "epoch", 10, "frog-000010"),
        ("frog", "step", 500, "frog-step00000500"),
    ],
)
def test_models_are_named_as_sd_scripts_names_them(output_name, kind, number, expected):
    assert model_name(output_name, kind, number) == expected


@pytest.mark.parametrize(
    ("output_name", "kind", "number", "expected"),
    [
        (None, "last", 9, "last-state"),
        (None, "epoch", 10, "epoch-000010-state"),
        (None, "step", 500, "step-00000500-state"),
        ("frog", "epoch", 10, "frog-epoch-000010-state"),
    ],
)
def test_states_are_named_as_the_guide_names_them(output_name, kind, number, expected):
    assert state_name(output_name, kind, number) == expected


def test_the_last_epoch_has_no_save_of_its_own_and_old_epochs_go(configure, train, out):
    save = {"output_name": "frog", "save_every_n_epochs": 1, "save_last_n_epochs": 1, "save_state": True}
    dataset = {"train_batch_size": 6, "reg_data_dir": None}
    train(configure(train={"max_train_epochs": 4}, save=save, dataset=dataset))
    assert names(out) == [
        "frog-000003.safetensors",
        "frog-epoch-000003-state",
        "frog-last-state",
        "frog.safetensors",
    ]


ALL_EPOCHS = {"train_batch_size": 6, "reg_data_dir": None}
"""One step is one epoch."""


def test_the_states_of_epochs_can_be_kept_longer_than_the_models(configure, train, out):
    save = {"save_every_n_epochs": 1, "save_last_n_epochs": 1, "save_last_n_epochs_state": 2}
    train(configure(train={"max_train_epochs": 4}, save=save | {"save_state": True}, dataset=ALL_EPOCHS))
    assert names(out) == [
        "epoch-000002-state",
        "epoch-000003-state",
        "epoch-000003.safetensors",
        "last-state",
        "last.safetensors",
    ]


def test_two_saves_over_seven_epochs_come_every_three(configure, train, out):
    save = {"save_n_epoch_ratio": 2, "save_every_n_epochs": 1}
    train(configure(train={"max_train_epochs": 7}, save=save, dataset=ALL_EPOCHS))
    assert names(out) == ["epoch-000003.safetensors", "epoch-000006.safetensors", "last.safetensors"]


# sd-scripts at step 5 with N = 1 and S = 2 has deleted (5 - 2 - 1) = 2 and all before it.
def test_the_step_saves_that_stay_are_counted_in_steps(configure, train, out):
    save = {"save_every_n_steps": 1, "save_last_n_steps": 2, "save_last_n_steps_state": 1}
    train(configure(train={"max_train_steps": 5}, save=save | {"save_state": True}))
    assert names(out) == [
        "at-step00000003.safetensors",
        "at-step00000004.safetensors",
        "at-step00000005.safetensors",
        "last-state",
        "last.safetensors",
        "step-00000004-state",
        "step-00000005-state",
    ]


def test_a_resumed_run_goes_on_deleting_what_it_saved_before(configure, train, out):
    save = {"save_every_n_steps": 1, "save_last_n_steps": 1, "save_state": True}
    train(configure(train={"max_train_steps": 2}, save=save))
    train(configure(train={"max_train_steps": 3}, save=save | {"resume": "auto"}))
    assert [name for name in names(out) if name.startswith("at-")] == [
        "at-step00000002.safetensors",
        "at-step00000003.safetensors",
    ]


def test_a_file_of_another_run_is_never_deleted(configure, train, out):
    save = {"save_every_n_steps": 1, "save_last_n_steps": 1, "save_state": True}
    train(configure(train={"max_train_steps": 2}, save=save))
    own = out / "at-step00000001.safetensors"
    tensors.save(own, {"a": torch.ones(1)}, {LINEAGE: "another run"})
    expected = own.read_bytes()
    train(configure(train={"max_train_steps": 3}, save=save | {"resume": "auto"}))
    assert own.read_bytes() == expected


def test_the_state_can_be_saved_at_the_end_only(configure, train, out):
    save = {"save_every_n_steps": 1, "save_state_on_train_end": True}
    train(configure(train={"max_train_steps": 1}, save=save))
    assert names(out) == ["at-step00000001.safetensors", "last-state", "last.safetensors"]


def test_a_save_of_the_last_step_is_made_beside_the_last_one(configure, train, out):
    train(configure(train={"max_train_steps": 2}, save={"save_every_n_steps": 1}))
    assert names(out) == ["at-step00000001.safetensors", "at-step00000002.safetensors", "last.safetensors"]


def test_the_result_of_another_run_is_kept(configure, train, out):
    steps = {"max_train_steps": 1}
    train(configure(train=steps))
    before = (out / "last.safetensors").read_bytes()
    trial = train(configure(train=steps | {"seed": 8}))
    assert (out / "last.old-1.safetensors").read_bytes() == before
    assert names(out) == ["last.old-1.safetensors", "last.safetensors"]
    assert [event.code for event in trial.of(Warned) if event.code == "W-OUT-KEPT"] == ["W-OUT-KEPT"]


def test_autosaves_come_by_the_clock_and_go_after_a_finished_run(configure, train, out, monkeypatch):
    monkeypatch.setattr("core.train.outputs.saving.Outputs._is_autosave_due", lambda self: True)
    seen = []

    def watch(event):
        if isinstance(event, StepDone) and event.step == 4:
            seen.extend(names(out))

    train(configure(train={"max_train_steps": 4}), None, watch)
    assert seen == ["autosave-00000002-state", "autosave-00000003-state"]
    assert names(out) == ["last.safetensors"]


def test_save_now_writes_the_current_step(configure, train, out):
    from core.control import RunControl

    control = RunControl()

    def watch(event):
        if isinstance(event, StepDone) and event.step == 1:
            control.save_now()

    train(configure(train={"max_train_steps": 2}), control, watch)
    assert "at-step00000001.safetensors" in names(out)


@pytest.mark.parametrize(("precision", "expected"), [("auto", "F32"), ("fp16", "F16"), ("bf16", "BF16")])
def test_every_tensor_of_the_file_has_the_wanted_precision(configure, train, out, precision, expected):
    train(configure(train={"max_train_steps": 1}, save={"save_precision": precision}))
    assert {dtype for dtype, _ in read_header(out / "last.safetensors").tensors.values()} == {expected}


def test_the_file_tells_how_it_was_trained_and_no_path_of_the_user(configure, train, out, tmp_path):
    train(configure(train={"max_train_steps": 1}, network={"rank": 2}))
    metadata = read_header(out / "last.safetensors").metadata
    assert metadata["ss_network_dim"] == "2" and metadata["ss_base_model_version"] == "sd_v1"
    assert metadata["ss_network_module"] == "networks.lora" and metadata["ss_steps"] == "1"
    assert metadata["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert str(tmp_path.parent) not in str(metadata)


def test_a_whole_model_is_written_as_its_base_was(configure, train, out):
    options = {"network": {"method": "none"}, "train": {"max_train_steps": 1}}
    train(configure(**options))
    assert names(out) == ["last.safetensors"]
    trial = train(
        configure(**options, save={"save_model_as": "diffusers_safetensors", "output_name": "folder"})
    )
    assert (out / "folder" / "model_index.json").is_file()
    assert trial.of(Saved)[-1].path == str(out / "folder")


STRANGER = {"save_every_n_steps": 1, "save_last_n_steps": 1, "save_state": True, "output_name": "frog (1)"}


def strange_state(out: Path, step: int, **changes) -> None:
    """Put other values into a state of ours, with right checksums, as anybody may send one."""
    (state,) = (path for path in out.iterdir() if path.name == f"frog (1)-step-{step:08d}-state")
    values = json.loads((state / "state.json").read_text()) | changes
    (state / "state.json").write_text(json.dumps(values))
    (state / "manifest.json").unlink()
    state_folder.seal(state)


def victims(out: Path) -> dict[Path, Path]:
    """Files and folders of a user beside the results: each with the file that must stay."""
    (out / "mine").mkdir()
    files = {out / "mine": out / "mine" / "note.txt", out / "mine.ckpt": out / "mine.ckpt"}
    for file in files.values():
        file.write_text("mine")
    return files


def test_a_stranger_s_state_deletes_and_overwrites_nothing_of_a_person(configure, train, out):
    train(configure(train={"max_train_steps": 1}, save=STRANGER))
    mine = victims(out)
    (out / "frog (1).safetensors").write_text("mine too")
    saves = [{"kind": "step", "number": 0, "model": path.name, "state": path.name} for path in mine]
    stamps = {path.name: [1, 4, 0.0] for path in mine} | {"frog (1).safetensors": [1, 8, 0.0]}
    strange_state(out, 1, saves=saves, written=stamps)
    (out / "frog (1)-last-state").rename(out / "away")
    train(configure(train={"max_train_steps": 4}, save=STRANGER | {"resume": "auto"}))
    assert all(file.read_text() == "mine" for file in mine.values())
    assert (out / "frog (1).old-1.safetensors").read_text() == "mine too"


def test_a_ckpt_that_was_replaced_by_hand_is_not_deleted(configure, train, out):
    save = STRANGER | {"save_model_as": "ckpt", "save_state": False}
    replaced = out / "frog (1)-step00000001.ckpt"

    def watch(event):
        if isinstance(event, Saved) and event.kind == "model" and event.step == 1:
            replaced.write_text("mine")

    train(configure(train={"max_train_steps": 4}, save=save), None, watch)
    assert replaced.read_text() == "mine"
    kept = ["frog (1)-step00000001.ckpt", "frog (1)-step00000003.ckpt", "frog (1)-step00000004.ckpt"]
    assert [name for name in names(out) if "step" in name] == kept


def test_a_state_that_a_person_put_a_file_into_is_not_deleted(configure, train, out):
    note = out / "frog (1)-step-00000001-state" / "note.txt"

    def watch(event):
        if isinstance(event, Saved) and event.kind == "state" and event.step == 1:
            note.write_text("mine")

    train(configure(train={"max_train_steps": 4}, save=STRANGER), None, watch)
    assert note.read_text() == "mine"


def test_the_autosaves_of_any_output_name_go_after_a_finished_run(configure, train, out, monkeypatch):
    monkeypatch.setattr("core.train.outputs.saving.Outputs._is_autosave_due", lambda self: True)
    train(configure(train={"max_train_steps": 3}, save={"output_name": "frog[v2] (1)"}))
    assert names(out) == ["frog[v2] (1).safetensors"]
