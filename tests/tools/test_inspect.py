"""What a file is, in words and as JSON."""

import json

import torch

from core.formats import tensors
from core.tools.inspect import inspect


def lora(folder):
    weights = {
        "lora_unet_a_attn2_to_k.lora_down.weight": torch.zeros(16, 768),
        "lora_unet_a_attn2_to_k.alpha": torch.tensor(8.0),
    }
    return tensors.save(folder / "x.safetensors", weights, {"ss_note": "hello"})


def test_the_text_says_kind_family_and_rank(tmp_path):
    lines = inspect(lora(tmp_path), "en").splitlines()
    assert {"  kind: LoRA", "  family: SD1", "  rank: 16", "  alpha: 8", "    ss_note: hello"} <= set(lines)


def test_the_text_is_there_in_japanese(tmp_path):
    assert "  ランク: 16" in inspect(lora(tmp_path), "ja").splitlines()


def test_the_json_is_the_contracts(tmp_path):
    found = json.loads(inspect(lora(tmp_path), "en", as_json=True))
    assert (found["kind"], found["family"], found["rank"], found["modules"]) == ("lora", "sd1", 16, 1)


def test_a_damaged_file_is_told_with_its_problem(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"1")
    assert "incomplete" in inspect(tmp_path / "x.safetensors", "en")
