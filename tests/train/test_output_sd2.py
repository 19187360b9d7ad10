"""A trained model of Stable Diffusion 2 and the .yaml that goes with it."""

from pathlib import Path

import pytest
import yaml

from core.formats import sidecar_yaml
from core.formats.identify import identify
from core.train.outputs.saving import Outputs
from tests.tiny import make_tiny


@pytest.fixture(scope="module")
def base2(tmp_path_factory):
    """A file of SD2 that predicts v, as its own .yaml says."""
    path = make_tiny(tmp_path_factory.mktemp("base2") / "base.safetensors", family="sd2")
    config = path.with_name("base_config") / "scheduler" / "scheduler_config.json"
    config.write_text('{"prediction_type": "v_prediction"}')
    return path


def test_the_yaml_comes_goes_and_is_kept_with_its_model(configure, train, base2, tmp_path):
    save = {"save_every_n_steps": 1, "save_last_n_steps": 1, "save_precision": "fp16"}
    config = configure(
        model={"base": str(base2)}, network={"method": "none"}, save=save,
        train={"max_train_steps": 3, "learning_rate": 1e-6},
    )  # fmt: skip
    train(config)
    out = tmp_path / "out"
    models = {path.stem for path in out.glob("*.safetensors")}
    assert "last" in models and "at-step00000001" not in models
    assert {path.stem for path in out.glob("*.yaml")} == models
    facts = yaml.safe_load((out / "last.yaml").read_text())["model"]["params"]
    assert facts["parameterization"] == "v"
    assert identify(out / "last.safetensors").prediction == "v"
    train(config)
    assert {path.stem for path in out.glob("*.yaml")} == {path.stem for path in out.glob("*.safetensors")}
    assert (out / "last.old-1.yaml").is_file()


def test_the_yaml_stays_while_another_file_of_its_name_needs_it(tmp_path):
    (tmp_path / "x.yaml").write_text(f"{sidecar_yaml.MARK}\n")
    (tmp_path / "x.ckpt").write_bytes(b"")
    assert sidecar_yaml.sidecars(tmp_path / "x.safetensors") == ()
    (tmp_path / "x.ckpt").unlink()
    assert sidecar_yaml.sidecars(tmp_path / "x.safetensors") == (tmp_path / "x.yaml",)


def test_a_model_that_is_put_aside_keeps_its_yaml_also_when_the_run_is_killed_in_between(
    tmp_path, monkeypatch
):
    (tmp_path / "x.yaml").write_text(f"{sidecar_yaml.MARK}\n")
    (tmp_path / "x.safetensors").write_bytes(b"theirs")
    outputs = object.__new__(Outputs)
    outputs._ending, outputs._emit = ".safetensors", [].append
    renamed, real = [], Path.rename

    def killed(path, place):
        if renamed:
            raise KeyboardInterrupt
        renamed.append(path)
        return real(path, place)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            outputs._set_aside(tmp_path / "x.safetensors")
    outputs._set_aside(tmp_path / "x.safetensors")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.old-1.safetensors", "x.old-1.yaml"]
