"""The sizes of a model from its files' headers, against the modules; and files that make no model."""

import json
import math
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.adapters import ranks
from core.adapters.methods import METHODS
from core.adapters.network import Network, targets_of
from core.config.schema.run import RunConfig
from core.families import FAMILIES
from core.forecast import architecture
from core.forecast.setup import Data, Setup
from core.formats.header import read_header
from core.models.sd.load import shapes_of
from core.train.seeds import generator
from tests import tiny

DEMO = "demo/base.safetensors"


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
@pytest.mark.parametrize("name", ["x.safetensors", "x.ckpt", "folder", "folder of .bin"])
def test_they_are_those_of_the_modules(tmp_path, family, name):
    if "folder" in name:
        path = tiny.make_tiny_folder(tmp_path / "x", 0, family, ".bin" if ".bin" in name else ".safetensors")
    else:
        path = tiny.make_tiny(tmp_path / name, 0, family)
    shapes = {part: shapes_of(module) for part, module in tiny.modules(0, family).items()}
    found = architecture.of_base(str(path))
    assert found.family == family
    assert sorted(found.weights) == sorted(architecture.Architecture.of(family, shapes).weights)


def test_layers_of_a_file_that_are_never_used_do_not_count(tmp_path):
    path = tiny.make_tiny(tmp_path / "x.safetensors", 0, "sd2")
    held, weights = architecture.of_base(str(path)), load_file(path)
    layer = "cond_stage_model.model.transformer.resblocks.23.ln_1.weight"
    save_file(
        weights | {layer: torch.zeros(16), "model_ema.decay": torch.zeros(1)}, tmp_path / "y.safetensors"
    )
    assert architecture.of_base(str(tmp_path / "y.safetensors")) == held


def test_the_demo_has_as_many_numbers_as_its_file():
    tensors = read_header(Path(DEMO)).tensors
    held = sum(math.prod(shape) for name, (_, shape) in tensors.items() if "position_ids" not in name)
    assert sum(weight.numbers for weight in architecture.of_base(DEMO).weights) == held


@pytest.mark.parametrize(
    "network",
    [
        {"rank": 3},
        {"rank": 3, "conv_rank": 2},
        {"block_dims": "1," * 24 + "2"},
        {"method": "dora", "rank": 3, "conv_rank": 2},
        {"method": "dora", "dora_axis": "output", "rank": 3},
        {"method": "loha", "rank": 3, "conv_rank": 2},
        {"method": "lokr", "rank": 1, "conv_rank": 1, "decompose_both": True},
        {"method": "lokr", "factor": 4, "full_matrix": True},
        {"method": "oft", "rank": 3, "conv_rank": 2},
        {"exclude_patterns": (".*attn1.*",), "include_patterns": ("unet.*attn1.to_q",)},
    ],
)
def test_an_adapter_is_forecast_as_it_is_attached(tmp_path, network):
    path = tiny.make_tiny(tmp_path / "x.safetensors")
    config = RunConfig(network={"method": "lora", **network})
    made = Setup(config, architecture.of_base(str(path)), Data.of(config), is_gpu=True)
    parts = {part: tiny.modules()[part] for part in ("unet", "text_encoder")}
    chosen = targets_of(FAMILIES["sd1"], parts, ranks.of(config.network, FAMILIES["sd1"]))
    method, options = METHODS[config.network.method], ranks.options_of(config.network)
    attached = Network(parts, method, chosen, partial(generator, 1), options=options)
    for part in parts:
        shapes = [tuple(w.shape) for key, w in attached.parameters().items() if key.part == part]
        assert sorted(made.trained_shapes[part]) == sorted(shapes)


def test_a_whole_part_is_trained_with_all_its_weights(tmp_path):
    path = tiny.make_tiny(tmp_path / "x.safetensors")
    config = RunConfig(network={"method": "none"}, train={"text_encoder_lr": 0.0})
    made = Setup(config, architecture.of_base(str(path)), Data.of(config), is_gpu=True)
    shapes = [tuple(weight.shape) for weight in tiny.modules()["unet"].parameters()]
    assert sorted(made.trained) == sorted(shapes)


def test_blocks_with_a_rate_of_0_are_not_trained():
    shapes = {part: shapes_of(module) for part, module in tiny.modules(0, "sdxl").items()}
    rates = {"text_encoder_lr": 0.0, "block_lr": f"{'0,' * 22}1e-6"}
    config = RunConfig(network={"method": "none"}, train=rates)
    model = architecture.Architecture.of("sdxl", shapes)
    made = Setup(config, model, Data.of(config), is_gpu=True)
    # The norm and the convolution at the end of the U-Net, 32 channels to 4.
    assert sorted(made.trained) == [(4,), (4, 32, 3, 3), (32,), (32,)]


def test_nothing_is_said_of_a_model_that_is_not_there():
    assert architecture.of_base("no/such/model.safetensors") is None


@pytest.mark.parametrize("part", ["unet", "text_encoder", "vae"])
@pytest.mark.parametrize("damage", [b"", b"[" * 100_000, b"\xff" * 100])
def test_nothing_is_said_of_a_folder_with_damaged_weights(tmp_path, part, damage):
    folder = tiny.make_tiny_folder(tmp_path / "x")
    next((folder / part).glob("*.safetensors")).write_bytes(damage)
    assert architecture.of_base(str(folder)) is None


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("unet", {"layers_per_block": 10**9}),
        ("unet", {"block_out_channels": 5}),
        ("unet", {"down_block_types": [1, 2, 3, 4]}),
        ("text_encoder", {"hidden_size": {"a": 1}}),
        ("vae", {"block_out_channels": []}),
    ],
)
def test_configs_that_make_no_model_change_nothing(tmp_path, part, values):
    folder = tiny.make_tiny_folder(tmp_path / "x")
    found = architecture.of_base(str(folder))
    config = folder / part / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | values))
    architecture._of_path.cache_clear()
    assert architecture.of_base(str(folder)) == found
