"""Taggers and captioners that are named by their id, fetched from a Hub that runs on this computer."""

import json

import pytest

from core.captioners import known, source
from core.errors import UserError
from tests.hub import serving, use

QWEN, WD, CL, OWN = "Qwen/Qwen3-VL-2B-Instruct", known.DEFAULT, "cella110n/cl_tagger", "someone/own-tagger"
BESIDE = ("README.md", "run.py", "pytorch_model.bin", "onnx/model.onnx", "consolidated.safetensors")


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A Hub with these four, and what lies beside them in their repositories."""
    index = json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})
    shards = {"model-1.safetensors": "1", "model-2.safetensors": "2", "model.safetensors.index.json": index}
    files = {
        QWEN: {"config.json": '{"model_type": "qwen3_vl"}', "tokenizer.json": "{}", **shards},
        WD: {"model.onnx": "x", "selected_tags.csv": "", "config.json": "{}", "model.safetensors": "x"},
        CL: {"cl_tagger_1_02/model.onnx": "x", "cl_tagger_1_02/tag_mapping.json": "{}", "model.onnx": "y"},
        OWN: {"manifest.json": '{"size": 64}', "model.onnx": "x", "selected_tags.csv": ""},
        "someone/nothing": {},
    }
    for name, own in files.items():
        for file, text in {**dict.fromkeys(BESIDE, "x"), **own}.items():
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    with serving({name: tmp_path / name for name in files}) as found:
        use(monkeypatch, found.url, tmp_path / "cache")
        yield found


def located(name):
    return source.located(name, lambda done, total: None)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        (QWEN, {"config.json", "tokenizer.json", *(f"model-{n}.safetensors" for n in (1, 2))}),
        (WD, {"model.onnx", "selected_tags.csv"}),
        (CL, {"model.onnx", "tag_mapping.json"}),
        (OWN, {"manifest.json", "model.onnx", "selected_tags.csv"}),
    ],
)
def test_what_the_model_needs_is_fetched_once_and_nothing_else(there, name, files):
    assert source.here(name) is None
    found = located(name)
    fetched = {path.name for path in found.folder.iterdir()} - {"model.safetensors.index.json"}
    assert fetched == files and found.manifest == (known.manifest_of(name) or found.manifest)
    there.asked.clear()
    assert source.here(name) == located(name) == found and there.asked == []


def test_a_download_that_broke_off_is_not_taken_for_the_model(there):
    found = located(QWEN)
    (found.folder / "model-2.safetensors").unlink()
    assert source.here(QWEN) is None


@pytest.mark.parametrize("name", ["someone/nothing", "someone/unknown", QWEN])
def test_what_cant_be_fetched_is_refused_in_a_sentence(there, name):
    there.gated.add(QWEN)
    with pytest.raises(UserError) as caught:
        located(name)
    assert caught.value.problems[0].code in ("E-CAPTION-MODEL", "E-MODEL-HUB")
    assert caught.value.problems[0].key == "model"
