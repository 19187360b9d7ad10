"""What a training writes holds no secret of the environment; what lies in its folders is never run."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from core.runs import state_folder

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {"HF_TOKEN": "hf_canary77", "RAREWORD_AUTH": "me:canary77", "WANDB_API_KEY": "canary77"}


def test_no_secret_of_the_environment_stands_in_what_a_run_leaves(configure, train, tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    log = {"logging_dir": str(tmp_path / "logs"), "log_every_n_steps": 1}
    trial = train(configure(train={"max_train_steps": 1}, save={"save_state": True}, log=log))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {".safetensors", ".json"} <= {path.suffix for path in written}
    assert [path for path in written if b"canary77" in path.read_bytes()] == []
    assert "canary77" not in repr(trial.events)


def test_no_secret_of_the_environment_stands_in_an_error(configure, train, tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError) as error:
        train(configure(model={"base": "nobody/nothing-like-this"}))
    assert "canary77" not in repr(error.value.problems) + str(error.value)


class Evil:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> object:
        return Path.touch, (self.canary,)


def strangers(folder: Path, canary: Path) -> None:
    """Everything that some program would run or unpickle when it finds it there."""
    code = f"import pathlib; pathlib.Path({str(canary)!r}).touch()\n"
    names = ("sitecustomize", "usercustomize", "torch", "numpy", "gradio", "PIL", "core", "ui", "conftest")
    for name in names:
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
    for name in ("0.pkl", "optimizer.bin", "random_states_0.pkl", "cache.pt"):
        (folder / name).write_bytes(pickle.dumps(Evil(canary)))
    for name in ("0.npz", "1.npz"):
        np.savez(folder / name, latents=np.array([Evil(canary)], dtype=object))
    (folder / "metadata_cache.json").write_text('{"__class__": "os.system"}', encoding="utf-8")
    (folder / "meta_lat.json").write_text("{}", encoding="utf-8")


def test_a_pickle_in_a_state_is_never_unpickled(configure, train, tmp_path):
    canary = tmp_path / "canary"
    train(configure(train={"max_train_steps": 1}, save={"save_state": True}))
    state = tmp_path / "out" / "last-state"
    assert state.is_dir()
    strangers(state, canary)
    again = configure(train={"max_train_steps": 2}, save={"resume": str(state)})
    train(again)  # what lies beside the state's own files is passed over
    optimizer = next(state.glob("optim*"))
    optimizer.write_bytes(pickle.dumps(Evil(canary)))
    (state / "manifest.json").unlink()
    state_folder.seal(state)  # with checksums that are right for it
    with pytest.raises(UserError):
        train(again)
    assert not canary.exists()


def test_what_lies_among_the_images_is_neither_run_nor_unpickled(
    configure, train, images, tmp_path, monkeypatch
):
    data, canary = tmp_path / "train" / "2_sls frog", tmp_path / "canary"
    data.mkdir(parents=True)
    for image in (images / "train" / "2_sls frog").iterdir():
        (data / image.name).write_bytes(image.read_bytes())
    strangers(data, canary)
    strangers(data.parent, canary)
    monkeypatch.chdir(data)
    train(
        configure(
            train={"max_train_steps": 1}, dataset={"train_data_dir": str(data.parent), "reg_data_dir": None}
        )
    )
    assert not canary.exists()


def test_a_window_that_is_started_in_a_strange_folder_runs_nothing_of_it(tmp_path):
    canary, folder = tmp_path / "canary", tmp_path / "strange"
    folder.mkdir()
    strangers(folder, canary)
    command = [sys.executable, str(ROOT / "gui.py"), "--no-browser", "--preset", "nosuch", "--lang", "en"]
    done = subprocess.run(
        [*command, "--workspace", str(tmp_path / "workspace")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert not canary.exists()


@pytest.mark.parametrize("name", ["--help", "$(touch canary);touch canary", "`touch canary` & %COMSPEC%"])
def test_a_result_is_named_literally_whatever_a_shell_would_make_of_it(
    configure, train, tmp_path, monkeypatch, name
):
    monkeypatch.chdir(tmp_path)
    train(configure(train={"max_train_steps": 1}, save={"output_name": name}))
    assert (tmp_path / "out" / f"{name}.safetensors").is_file()
    assert not (tmp_path / "canary").exists()
