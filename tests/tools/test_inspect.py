"""What a file is, in words and as JSON."""

import io
import json

import pytest
import torch

from core.formats import tensors
from core.tools import command_line
from core.tools.inspect import inspect
from tests.tiny import make_tiny


def lora(folder):
    weights = {
        "lora_unet_a_attn2_to_k.lora_down.weight": torch.zeros(16, 768),
        "lora_unet_a_attn2_to_k.alpha": torch.tensor(8.0),
    }
    return tensors.save(folder / "x.safetensors", weights, {"ss_note": "hello"})


def test_the_text_says_kind_family_and_rank(tmp_path):
    lines = inspect(lora(tmp_path), "en")[0].splitlines()
    assert {"  kind: LoRA", "  family: SD1", "  rank: 16", "  alpha: 8", "    ss_note: hello"} <= set(lines)


def test_the_text_is_there_in_japanese(tmp_path):
    assert "  ランク: 16" in inspect(lora(tmp_path), "ja")[0].splitlines()


def test_the_json_is_the_contracts(tmp_path):
    found = json.loads(inspect(lora(tmp_path), "en", as_json=True)[0])
    assert (found["kind"], found["family"], found["rank"], found["modules"]) == ("lora", "sd1", 16, 1)


@pytest.mark.parametrize("name", ["x.safetensors", "nowhere.safetensors", "x.png"])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_file_that_can_not_be_inspected_is_a_refusal_with_its_problem(tmp_path, name, as_json):
    (tmp_path / "x.safetensors").write_bytes(b"1")
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    text, code = inspect(tmp_path / name, "en", as_json)
    word = {"x.safetensors": "incomplete", "x.png": "an image (PNG)"}.get(name, "there is no file")
    assert code == 2 and word in text


@pytest.mark.parametrize("weights", [lora, lambda folder: make_tiny(folder / "y.safetensors")])
def test_a_file_that_is_known_is_no_refusal(tmp_path, weights):
    assert inspect(weights(tmp_path), "en")[1] == 0


def test_the_tools_of_the_console_end_with_the_same_code(tmp_path):
    assert command_line.run("inspect", [str(tmp_path / "nowhere.ckpt")], io.StringIO(), "en") == 2


def test_texts_of_a_file_do_not_speak_to_the_terminal(tmp_path):
    path = tensors.save(tmp_path / "x.safetensors", {"a": torch.zeros(1)}, {"note": "\x1b[2J\r\nkind: model"})
    text = inspect(path, "en")[0]
    assert "\x1b" not in text and "\r" not in text and "kind: model" not in text.splitlines()
