"""Models to files and folders, and what other programs read there."""

import json

import pytest
import torch
from diffusers import StableDiffusionPipeline

from core.formats import tensors
from core.formats.identify import identify
from core.formats.weight_file import WeightFile
from core.models.family import open_family
from core.models.sd import sampling, tensor_names
from tests.golden import names
from tests.models.conftest import loaded, unchecked
from tests.tiny import make_tiny, make_tiny_folder

OPEN_CLIP = "cond_stage_model.model."

FORMATS = ["safetensors", "ckpt", "diffusers", "diffusers_safetensors"]


def save(parts, path, save_as="auto", precision="auto", metadata=None, weights=None):
    return open_family("sd1").save(parts, path, save_as, precision, metadata or {}, weights)


def weights_of(parts):
    return {part: module.state_dict() for part, module in parts.modules.items()}


def assert_same(parts, others, dtype=torch.float32):
    for part, weights in weights_of(parts).items():
        theirs = others.modules[part].state_dict()
        assert all(torch.equal(weights[name].to(dtype).float(), theirs[name]) for name in theirs), part


def assert_same_pipe(parts, pipe):
    for part, weights in weights_of(parts).items():
        theirs = getattr(pipe, part).state_dict()
        assert theirs.keys() == weights.keys() and all(torch.equal(theirs[n], weights[n]) for n in weights)


@pytest.fixture(scope="module")
def trained(tiny_half):
    """An fp16 model whose U-Net was trained in float32."""
    parts = loaded(tiny_half)
    with torch.no_grad():
        for parameter in parts.modules["unet"].parameters():
            parameter.add_(1e-5)
    return parts


@pytest.fixture(scope="module", params=["sd1", "sd2"])
def changed(request, tmp_path_factory):
    """A model of each family with a little change."""
    parts = loaded(make_tiny(tmp_path_factory.mktemp("base") / "base.safetensors", family=request.param))
    with torch.no_grad():
        parts.modules["unet"].conv_in.bias.add_(0.1)
    return parts


@pytest.mark.parametrize("save_as", FORMATS)
def test_what_is_saved_is_loaded_bit_for_bit(tmp_path, changed, save_as):
    assert_same(changed, loaded(save(changed, tmp_path / "out", save_as)))


@pytest.mark.parametrize("save_as", FORMATS)
@pytest.mark.parametrize(("precision", "dtype"), [("fp16", "F16"), ("bf16", "BF16"), ("float", "F32")])
def test_every_number_has_the_precision_asked_for(tmp_path, trained, save_as, precision, dtype):
    assert identify(save(trained, tmp_path / "out", save_as, precision)).dtypes.keys() == {dtype}


@pytest.mark.parametrize(
    ("source", "ending"),
    [("x.safetensors", ".safetensors"), ("x.ckpt", ".ckpt")],
)
def test_auto_is_the_format_of_the_source(tmp_path, source, ending):
    parts = loaded(make_tiny(tmp_path / source))
    assert save(parts, tmp_path / "out").name == f"out{ending}"


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_auto_is_a_folder_of_the_same_kind_for_a_folder(tmp_path, suffix):
    out = save(loaded(make_tiny_folder(tmp_path / "x", suffix=suffix)), tmp_path / "out")
    assert (out / "unet" / f"diffusion_pytorch_model{suffix}").is_file()


def test_parts_that_were_not_trained_keep_the_bits_of_the_source(tmp_path, trained, tiny_half):
    source, out = tensors.load(tiny_half), tensors.load(save(trained, tmp_path / "out"))
    kept = [name for name in source if not name.startswith(tensor_names.UNET)]
    assert all(out[name].dtype == torch.float16 and torch.equal(out[name], source[name]) for name in kept)


def test_the_trained_part_keeps_its_float32(tmp_path, trained):
    out = tensors.load(save(trained, tmp_path / "out"))
    assert all(
        tensor.dtype == torch.float32 for name, tensor in out.items() if name.startswith(tensor_names.UNET)
    )


def test_a_vae_that_was_rounded_for_speed_is_saved_unrounded(tmp_path, tiny):
    parts = loaded(tiny)
    parts.modules["vae"].to(torch.bfloat16)
    source, out = tensors.load(tiny), tensors.load(save(parts, tmp_path / "out"))
    assert all(torch.equal(out[name], source[name]) for name in source)


def test_a_source_that_is_gone_costs_nothing_but_precision(tmp_path):
    path = make_tiny(tmp_path / "base.safetensors")
    parts = loaded(path)
    path.unlink()
    out = save(parts, tmp_path / "out")
    path.with_name("base_config").rename(tmp_path / "out_config")
    assert_same(parts, loaded(out))


def test_a_source_that_changed_meanwhile_is_not_copied_from(tmp_path):
    path = make_tiny(tmp_path / "base.safetensors")
    parts = loaded(path)
    make_tiny(path, seed=5)
    assert_same(parts, loaded(save(parts, tmp_path / "out")))


def test_saving_over_the_source_itself_works(tmp_path):
    path = make_tiny(tmp_path / "base.safetensors", dtype=torch.float16)
    parts = loaded(path)
    with torch.no_grad():
        parts.modules["unet"].conv_in.bias.add_(0.1)
    assert_same(parts, loaded(save(parts, path)))


@pytest.mark.parametrize("save_as", ["safetensors", "ckpt"])
def test_what_else_the_source_holds_is_kept(tmp_path, save_as):
    path = make_tiny(tmp_path / "base.safetensors", dtype=torch.float16)
    other = {"model_ema.diffusion_modelconv": torch.randn(3), "betas": torch.tensor(float("nan"))}
    lazy = {name: unchecked(tensor) for name, tensor in other.items()}
    tensors.save(path, {**tensors.load(path), **lazy}, {})
    out = tensors.load(save(loaded(path), tmp_path / "out", save_as, "bf16"))
    assert torch.equal(out["model_ema.diffusion_modelconv"], other["model_ema.diffusion_modelconv"])
    assert out["betas"].isnan()


def test_the_unused_last_layer_of_sd2_is_kept_bit_for_bit(tmp_path):
    path = make_tiny(tmp_path / "base.safetensors", family="sd2")
    whole = tensors.load(path)
    blocks = f"{OPEN_CLIP}transformer.resblocks."
    last = {
        n.replace(f"{blocks}1.", f"{blocks}2."): t + 1
        for n, t in whole.items()
        if n.startswith(f"{blocks}1.")
    }
    tensors.save(path, whole | last, {})
    out = tensors.load(save(loaded(path), tmp_path / "out"))
    assert all(torch.equal(out[name], last[name]) for name in last)


def test_a_folder_keeps_its_scheduler_and_tokenizer(tmp_path):
    folder = make_tiny_folder(tmp_path / "x")
    (folder / "scheduler" / "scheduler_config.json").write_text(
        '{"_class_name": "PNDMScheduler", "skip_prk_steps": true}'
    )
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "special.json").write_text("{}")
    out = save(loaded(folder), tmp_path / "out")
    kept = json.loads((out / "scheduler" / "scheduler_config.json").read_text())
    assert kept["_class_name"] == "PNDMScheduler" and kept["skip_prk_steps"]
    assert [file.name for file in (out / "tokenizer").iterdir()] == ["special.json"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("scheduler/notes.txt", b"no JSON"),
        ("scheduler/other.json", b"[1]"),
        ("scheduler/scheduler_config.json", b"["),
        ("tokenizer/vocab.json", b"\xff\xfe"),
    ],
)
def test_small_files_of_the_source_that_can_not_be_read_do_not_cost_the_result(tmp_path, name, text):
    source = make_tiny_folder(tmp_path / "x")
    parts = loaded(source)
    (source / name).parent.mkdir(exist_ok=True)
    (source / name).write_bytes(text)
    out = save(parts, tmp_path / "out")
    assert (
        json.loads((out / "scheduler" / "scheduler_config.json").read_text())["_class_name"]
        == "DDIMScheduler"
    )
    assert json.loads((out / "tokenizer" / "vocab.json").read_text())["frog</w>"] > 0


def test_a_folder_tells_diffusers_of_a_schedule_that_ends_in_pure_noise(tmp_path, tiny):
    parts = loaded(tiny)
    parts.objective = sampling.objective("epsilon", True)
    pipe = StableDiffusionPipeline.from_pretrained(save(parts, tmp_path / "out", "diffusers"))
    # Lin et al. 2023, arXiv:2305.08891, 3.1: no signal is left at the last step, the first is as it was.
    assert pipe.scheduler.alphas_cumprod[-1] == 0.0
    assert pipe.scheduler.alphas_cumprod[0].item() == pytest.approx(1 - 0.00085, abs=1e-6)


def test_names_without_text_model_are_mended_in_the_result(tmp_path):
    path = make_tiny(tmp_path / "base.safetensors")
    proper = tensors.load(path)
    bare = {name.replace("transformer.text_model.", "transformer."): t for name, t in proper.items()}
    tensors.save(path, bare, {})
    assert tensors.load(save(loaded(path), tmp_path / "out")).keys() == proper.keys()


def test_a_folder_becomes_a_single_file_with_the_reference_names(tmp_path):
    folder = make_tiny_folder(tmp_path / "x", with_blocks=True)
    out = WeightFile(save(loaded(folder), tmp_path / "out", "safetensors"))
    layers = ("encoder.layers.0.", "encoder.layers.1.")
    real = {
        name
        for name in names("ldm_keys_sd15")
        if "encoder.layers." not in name or any(n in name for n in layers)
    }
    # The tiny model is as wide on its third level as on its second, so it needs no shortcuts there.
    assert out.tensors.keys() <= real
    assert all("skip_connection" in name or "nin_shortcut" in name for name in real - out.tensors.keys())


def test_a_folder_of_sd2_becomes_a_single_file_with_the_layer_others_look_for(tmp_path):
    parts = loaded(make_tiny_folder(tmp_path / "x", family="sd2"))
    out = tensors.load(save(parts, tmp_path / "out", "safetensors"))
    start = f"{OPEN_CLIP}transformer.resblocks."
    assert torch.equal(out[f"{start}2.ln_1.weight"], out[f"{start}1.ln_1.weight"])
    assert {f"{OPEN_CLIP}text_projection", f"{OPEN_CLIP}logit_scale"} <= out.keys()


def test_file_to_folder_to_file_is_bit_for_bit(tmp_path, tiny_half):
    folder = save(loaded(tiny_half), tmp_path / "folder", "diffusers_safetensors")
    back, first = save(loaded(folder), tmp_path / "back", "safetensors"), tensors.load(tiny_half)
    last = tensors.load(back)
    assert last.keys() == first.keys() and all(torch.equal(last[n], first[n]) for n in first)


def test_a_result_of_other_sizes_carries_its_configs(tmp_path, tiny):
    for save_as in ("safetensors", "ckpt"):
        out = save(loaded(tiny), tmp_path / "alone", save_as)
        assert not out.with_name("alone_config").exists()
        assert_same(loaded(tiny), loaded(out))


@pytest.mark.parametrize("save_as", FORMATS)
def test_the_prediction_survives(tmp_path, tiny, save_as):
    parts = loaded(tiny)
    parts.objective = sampling.objective("v")
    assert loaded(save(parts, tmp_path / "out", save_as)).objective.name == "v"


def test_the_vae_that_was_put_in_is_in_the_result(tmp_path, tiny):
    other = make_tiny(tmp_path / "other.safetensors", seed=1)
    out = tensors.load(save(loaded(tiny, vae=str(other)), tmp_path / "out"))
    wanted = tensors.load(other)
    assert all(torch.equal(out[name], wanted[name]) for name in out if name.startswith(tensor_names.VAE))


def test_given_weights_are_saved_in_place_of_the_modules(tmp_path, tiny):
    parts = loaded(tiny)
    given = {name: torch.full_like(t, 0.5) for name, t in parts.modules["unet"].state_dict().items()}
    out = loaded(save(parts, tmp_path / "out", weights={"unet": given}))
    assert all((t == 0.5).all() for t in out.modules["unet"].state_dict().values())


@pytest.mark.parametrize("save_as", ["diffusers", "diffusers_safetensors"])
def test_diffusers_reads_the_folder_offline(tmp_path, monkeypatch, changed, save_as):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    out = save(changed, tmp_path / "out", save_as)
    pipe = StableDiffusionPipeline.from_pretrained(out, local_files_only=True)
    assert_same_pipe(changed, pipe)
    assert pipe.tokenizer.pad_token_id == changed.spec.part("text_encoder").pad_token_id


@pytest.mark.parametrize("save_as", ["safetensors", "ckpt"])
def test_diffusers_reads_the_single_file_with_a_local_config(tmp_path, changed, save_as):
    config = save(changed, tmp_path / "config", "diffusers_safetensors")
    out = save(changed, tmp_path / "out", save_as)
    pipe = StableDiffusionPipeline.from_single_file(out, config=str(config), local_files_only=True)
    assert_same_pipe(changed, pipe)
