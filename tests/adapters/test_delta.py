"""The change of a weight by every method, against numbers of another program and of PEFT."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from core.adapters import delta
from core.adapters.lora import ADAPTER
from core.adapters.methods import Adapted, method_of
from core.adapters.network import add, fits

CASES = json.loads(Path(__file__).with_name("reference_changes.json").read_text())["cases"]
"""Weights and tensors, and what calculate_weight of Comfy-Org/ComfyUI@a125cd84 changes the weight by."""


def tensor(record) -> torch.Tensor:
    return torch.tensor(record["values"]).reshape(record["shape"])


def adapted(case) -> Adapted:
    tensors = {name: tensor(record) for name, record in case["tensors"].items()}
    rank = method_of(tensors).rank_of(tensors)
    return Adapted(tensors, case["alpha"] or rank or 1.0, rank or 1)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_change_is_what_another_program_computes(case):
    weight = tensor(case["weight"])
    changed = weight.clone()
    add(changed, adapted(case), case["strength"])
    expected = torch.tensor(case["change"]).reshape(weight.shape)
    torch.testing.assert_close(changed - weight, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("layer", [nn.Linear(6, 4), nn.Conv2d(2, 4, 3)])
def test_magnitudes_of_outputs_mean_what_they_mean_for_peft(layer):
    holder = nn.ModuleDict({"x": layer})
    config = LoraConfig(r=2, lora_alpha=3, target_modules=["x"], use_dora=True, init_lora_weights=False)
    inject_adapter_in_model(config, holder, ADAPTER)
    wrapped = holder["x"]
    with torch.no_grad():
        wrapped.lora_magnitude_vector[ADAPTER].weight.mul_(1.3)
    before = layer.weight.detach().clone()
    tensors = {
        "lora_down.weight": wrapped.lora_A[ADAPTER].weight.detach(),
        "lora_up.weight": wrapped.lora_B[ADAPTER].weight.detach(),
        "dora_scale": wrapped.lora_magnitude_vector[ADAPTER].weight.detach().reshape(-1, 1),
    }
    wrapped.merge()
    change = delta.dora(tensors, 1.5, before).reshape(before.shape)
    torch.testing.assert_close(layer.weight.detach() - before, change, rtol=0, atol=1e-5)


def test_rotations_keep_lengths():
    turned = delta.rotations(torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(turned @ turned.mT, torch.eye(4).expand(3, 4, 4), rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_tensors_fit_the_layer_they_were_made_for_and_no_other(case):
    outputs, inputs, *kernel = case["weight"]["shape"]
    right, wide, high = (
        nn.Conv2d(i, o, 3) if kernel else nn.Linear(i, o)
        for i, o in ((inputs, outputs), (inputs + 1, outputs), (inputs, outputs + 3))
    )
    module = adapted(case)
    is_of_outputs_alone = "oft_blocks" in module.tensors
    assert [fits(layer, module) for layer in (right, wide, high)] == [True, is_of_outputs_alone, False]
