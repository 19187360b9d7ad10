"""What is not trained is in the result bit for bit as in the source, at its own precision."""

from pathlib import Path

import pytest
import torch

from core.events import Saved
from core.formats import tensors
from tests.tiny import make_tiny

FULL = {"method": "none"}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    """A source as people have them: U-Net in float32, text encoder in fp16, VAE in bf16."""
    path = make_tiny(tmp_path_factory.mktemp("mixed") / "mixed.safetensors")
    types = {"cond_stage_model": torch.float16, "first_stage_model": torch.bfloat16}
    found = {name: t.to(types.get(name.split(".")[0], t.dtype)) for name, t in tensors.load(path).items()}
    return tensors.save(path, found, {})


def parts(path: Path, prefix: str) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in tensors.load(path).items() if name.startswith(prefix)}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Bit for bit, and of the same type."""
    return one.keys() == other.keys() and all(
        tensor.dtype is other[name].dtype
        and torch.equal(tensor.reshape(-1).view(torch.uint8), other[name].reshape(-1).view(torch.uint8))
        for name, tensor in one.items()
    )


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_vae_and_text_encoder_stay_when_only_the_unet_is_trained(configure, train, mixed, precision):
    options = {"max_train_steps": 1, "precision": precision, "stop_text_encoder_training": -1}
    trial = train(
        configure(network=FULL, model={"base": str(mixed)}, train=options, dataset={"cache_latents": False})
    )
    result = Path(trial.of(Saved)[-1].path)
    assert result.suffix == ".safetensors"
    assert same(parts(result, "cond_stage_model."), parts(mixed, "cond_stage_model."))
    assert same(parts(result, "first_stage_model."), parts(mixed, "first_stage_model."))
    assert not same(parts(result, "model."), parts(mixed, "model."))
    assert {tensor.dtype for tensor in parts(result, "model.").values()} == {torch.float32}


def test_the_unet_stays_when_only_the_text_encoder_is_trained(configure, train, mixed):
    options = {"max_train_steps": 1, "precision": "bf16", "unet_lr": 0.0}
    trial = train(configure(network=FULL, model={"base": str(mixed)}, train=options))
    result = Path(trial.of(Saved)[-1].path)
    assert same(parts(result, "model."), parts(mixed, "model."))
    assert not same(parts(result, "cond_stage_model."), parts(mixed, "cond_stage_model."))


def test_a_ckpt_stays_a_ckpt(configure, train, tmp_path):
    source = make_tiny(tmp_path / "old.ckpt")
    options = {"max_train_steps": 1, "stop_text_encoder_training": -1}
    result = Path(
        train(configure(network=FULL, model={"base": str(source)}, train=options)).of(Saved)[-1].path
    )
    assert result.name == "last.ckpt"
    assert same(parts(result, "first_stage_model."), parts(source, "first_stage_model."))
