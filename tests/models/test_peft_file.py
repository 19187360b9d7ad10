"""Adapter files in the names of Diffusers: its pipelines and we read from them what other names hold."""

import pytest
import torch

from core.adapters.methods import METHODS, Adapted
from core.adapters.network import targets_of
from core.adapters.targets import ModuleKey, Ranks
from core.formats import lora_file, peft_file, tensors
from core.models.family import open_family
from core.train.weights import lora_files
from tests.models.conftest import loaded, quiet
from tests.pipelines import pipeline
from tests.tiny import make_tiny

FAMILIES = ("sd1", "sd2", "sdxl")


@pytest.fixture(scope="module", params=FAMILIES)
def model(request, tmp_path_factory):
    """A tiny model of each family."""
    folder = tmp_path_factory.mktemp(request.param)
    return loaded(make_tiny(folder / "m.safetensors", family=request.param))


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))) / 10


def add_ons(model, has_magnitudes=False):
    """On every module that gets an adapter: rank 2 and alpha 1, of larger convolutions 3 and 5."""
    made = {}
    parts = {part.name: model.modules[part.name] for part in model.spec.adaptable}
    for part, found in targets_of(model.spec, parts, Ranks(2, 1.0, 3, 5.0)).items():
        for target in found:
            weight = parts[part].get_submodule(target.path).weight
            ones = (1,) * (weight.ndim - 2)
            own = {
                "lora_down.weight": drawn(target.rank, *weight.shape[1:]),
                "lora_up.weight": drawn(weight.shape[0], target.rank, *ones),
            }
            if has_magnitudes:
                own["dora_scale"] = weight.detach().flatten(1).norm(dim=1).reshape(-1, 1, *ones) * 1.1
            made[ModuleKey(part, target.path)] = Adapted(own, target.alpha, target.rank)
    return made


@pytest.mark.parametrize(
    ("model", "has_magnitudes"), [("sd1", False), *((kind, True) for kind in FAMILIES)], indirect=["model"]
)
def test_diffusers_makes_of_every_module_the_change_that_it_is(model, tmp_path, has_magnitudes, caplog):
    made = add_ons(model, has_magnitudes)
    tensors.save(tmp_path / "x.safetensors", *peft_file.to_file(made, model.spec))
    pipe = pipeline(model)
    try:
        pipe.load_lora_weights(str(tmp_path), weight_name="x.safetensors", adapter_name="frog")
        layers = {
            (part, path): layer
            for part in (part.name for part in model.spec.adaptable)
            for path, layer in getattr(pipe, part).named_modules()
            if hasattr(layer, "lora_A")
        }
        assert layers.keys() == made.keys() and "unexpected" not in caplog.text.lower()
        for key, (own, alpha, rank) in made.items():
            layer = layers[key]
            found = alpha / rank * own["lora_up.weight"].flatten(1) @ own["lora_down.weight"].flatten(1)
            torch.testing.assert_close(layer.get_delta_weight("frog").flatten(1), found, atol=1e-6, rtol=0)
            if has_magnitudes:
                magnitudes = layer.lora_magnitude_vector["frog"].weight
                assert torch.equal(magnitudes.flatten(), own["dora_scale"].flatten())
    finally:
        pipe.unload_lora_weights()


def test_both_kinds_of_names_are_read_as_the_same_adapter(model, tmp_path):
    made = add_ons(model)
    names = open_family(model.spec.name).lora_file_names(model)
    kohya = tensors.save(tmp_path / "k.safetensors", lora_file.to_file(made, model.spec, names=names), {})
    peft = tensors.save(tmp_path / "p.safetensors", *peft_file.to_file(made, model.spec))
    ours, theirs = (lora_files.read(path, model, quiet) for path in (kohya, peft))
    assert ours.keys() == theirs.keys() == made.keys()
    for key in made:
        weight = model.modules[key.part].get_submodule(key.path).weight
        one, other = (METHODS["lora"].change(found[key], weight) for found in (ours, theirs))
        assert torch.equal(one, other)
