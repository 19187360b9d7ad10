"""Converting between formats and precisions."""

from pathlib import Path

import pytest
import torch

from core.control import RunControl, StopRun
from core.errors import UserError
from core.formats import tensors
from core.formats.identify import identify
from core.formats.weight_file import WeightFile
from core.tools import convert as tool
from core.tools.tool import Work, checked
from tests.tiny import make_tiny, make_tiny_folder


def convert(source, target, save_as, precision, *work):
    named = {"source": str(source), "target": str(target), "save_as": save_as, "precision": precision}
    return tool.convert(checked(tool.ConvertSettings, named), Work(*work))


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    return make_tiny(tmp_path_factory.mktemp("half") / "half.safetensors", dtype=torch.float16)


@pytest.mark.parametrize("middle", ["ckpt", "diffusers", "diffusers_safetensors"])
def test_there_and_back_changes_no_bit(tmp_path, half, middle):
    back = convert(convert(half, tmp_path / "m", middle, "auto"), tmp_path / "back", "safetensors", "auto")
    first, last = tensors.load(half), tensors.load(back)
    assert first.keys() == last.keys()
    assert all(last[n].dtype == first[n].dtype and torch.equal(last[n], first[n]) for n in first)


def test_diffusers_to_file_to_diffusers_changes_no_bit(tmp_path):
    first = make_tiny_folder(tmp_path / "first")
    single = convert(first, tmp_path / "single", "safetensors", "auto")
    last = convert(single, tmp_path / "last", "diffusers_safetensors", "auto")
    for part in ("unet", "vae", "text_encoder"):
        a, b = (weights(folder / part) for folder in (first, last))
        assert a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


def weights(folder):
    """A part's tensors by the names of the module; transformers dropped the text_model level in 5.6."""
    (file,) = folder.glob("*.safetensors")
    return {name.removeprefix("text_model."): tensor for name, tensor in tensors.load(file).items()}


@pytest.mark.parametrize(("precision", "dtype"), [("fp16", "F16"), ("bf16", "BF16"), ("float", "F32")])
def test_the_precision_is_set(tmp_path, half, precision, dtype):
    assert identify(convert(half, tmp_path / "x", "safetensors", precision)).dtypes.keys() == {dtype}


def test_a_lora_is_converted_too(tmp_path):
    weights = {"lora_unet_a.lora_down.weight": torch.randn(4, 8), "lora_unet_a.alpha": torch.tensor(4.0)}
    source = tensors.save(tmp_path / "lora.safetensors", weights, {"ss_steps": "1"})
    out = convert(source, tmp_path / "x", "ckpt", "fp16")
    assert identify(out).dtypes == {"F16": 2} and WeightFile(out).metadata == {"ss_steps": "1"}


def test_a_lora_does_not_become_a_folder(tmp_path):
    source = tensors.save(
        tmp_path / "lora.safetensors", {"lora_unet_a.lora_down.weight": torch.randn(4, 8)}, {}
    )
    with pytest.raises(UserError) as refused:
        convert(source, tmp_path / "x", "diffusers", "auto")
    assert refused.value.problems[0].code == "E-CONVERT-KIND"


def test_progress_is_told(tmp_path, half):
    seen = []
    convert(half, tmp_path / "x", "safetensors", "auto", lambda *state: seen.append(state))
    total = len(tensors.load(half))
    assert seen[0] == ("convert", 0, total) and seen[-1] == ("convert", total - 1, total)


def test_stopping_leaves_nothing_behind(tmp_path, half):
    control = RunControl()
    with pytest.raises(StopRun):
        convert(
            half, tmp_path / "x", "safetensors", "auto", lambda stage, done, total: control.stop(), control
        )
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_refused(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"123")
    with pytest.raises(UserError):
        convert(tmp_path / "x.safetensors", tmp_path / "y", "ckpt", "auto")


@pytest.mark.parametrize(
    ("target", "save_as"),
    [
        ("other.safetensors", "safetensors"),
        ("other", "safetensors"),
        ("model", "diffusers_safetensors"),
        ("link", "ckpt"),
    ],
)
def test_what_is_there_is_never_written_over(tmp_path, half, target, save_as):
    (tmp_path / "other.safetensors").write_bytes(b"precious")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_index.json").write_text("{}")
    (tmp_path / "link.ckpt").symlink_to(tmp_path / "nowhere.ckpt")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    with pytest.raises(UserError) as refused:
        convert(half, tmp_path / target, save_as, "fp16")
    assert [p.code for p in refused.value.problems] == ["E-OUT-EXISTS"] and refused.value.exit_code == 2
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_a_model_is_not_written_over_itself(tmp_path, half):
    before = half.read_bytes()
    with pytest.raises(UserError, match="exists already"):
        convert(half, half, "safetensors", "fp16")
    assert half.read_bytes() == before


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_target_without_a_name_is_refused(name, half):
    with pytest.raises(UserError) as caught:
        convert(half, Path(name), "safetensors", "auto")
    assert [problem.code for problem in caught.value.problems] == ["E-CONVERT-NAME"]
