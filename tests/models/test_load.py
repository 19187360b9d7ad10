"""Models from files and folders."""

import json

import pytest
import torch

from core.config.schema.run import ModelConfig
from core.errors import UserError
from core.formats import tensors
from core.models.family import open_family
from core.models.parts import whole
from core.models.sd import tensor_names
from tests.golden import names
from tests.models.conftest import loaded, quiet, unchecked
from tests.tiny import make_tiny, make_tiny_folder, modules

CLIP = "cond_stage_model.transformer.text_model."


def same(parts, others, dtype=torch.float32):
    """Whether all weights are those of `others`, rounded to `dtype`."""
    for part, module in parts.modules.items():
        mine, theirs = module.state_dict(), others[part].state_dict()
        assert mine.keys() == theirs.keys()
        if not all(torch.equal(mine[n], theirs[n].to(dtype).float()) for n in mine):
            return False
    return True


def refusal(path, **options):
    with pytest.raises(UserError) as refused:
        loaded(path, **options)
    return refused.value.problems[0]


@pytest.mark.parametrize("family", ["sd1", "sd2"])
@pytest.mark.parametrize("ending", ["safetensors", "ckpt"])
def test_a_single_file_gives_the_weights_that_went_in(tmp_path, family, ending):
    assert same(loaded(make_tiny(tmp_path / f"x.{ending}", family=family)), modules(family=family))


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_a_diffusers_folder_gives_the_weights_that_went_in(tmp_path, suffix):
    assert same(loaded(make_tiny_folder(tmp_path / "x", suffix=suffix)), modules())


def test_half_precision_is_loaded_as_float32(tiny_half):
    assert same(loaded(tiny_half), modules(), torch.float16)


def test_everything_is_frozen_and_in_eval_mode(parts):
    for module in parts.modules.values():
        assert not module.training and not any(p.requires_grad for p in module.parameters())


def test_nothing_is_left_without_data(parts):
    for module in parts.modules.values():
        assert not any(t.is_meta for t in (*module.parameters(), *module.buffers()))


def test_no_file_is_held_open_or_mapped(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    parts = loaded(path)
    before = parts.modules["unet"].conv_in.weight.clone()
    path.write_bytes(bytes(path.stat().st_size))
    assert torch.equal(parts.modules["unet"].conv_in.weight, before)


@pytest.mark.parametrize("level", ["", "text_model."])
def test_a_folder_of_older_and_of_newer_transformers_is_loaded(tmp_path, level):
    path = make_tiny_folder(tmp_path / "x") / "text_encoder" / "model.safetensors"
    named = {level + name.removeprefix("text_model."): t for name, t in tensors.load(path).items()}
    tensors.save(path, named, {"format": "pt"})
    assert same(loaded(tmp_path / "x"), modules())


def test_a_single_file_without_text_model_names_is_loaded(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    whole = tensors.load(path)
    bare = {name.replace("transformer.text_model.", "transformer."): t for name, t in whole.items()}
    tensors.save(path, bare, {})
    assert same(loaded(path), modules())


def test_position_ids_in_a_file_are_no_stumbling_block(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    more = {f"{CLIP}embeddings.position_ids": torch.arange(77)[None]}
    tensors.save(path, tensors.load(path) | more, {})
    assert same(loaded(path), modules())


def test_old_names_of_the_vae_attention_are_loaded(tmp_path):
    path = make_tiny_folder(tmp_path / "x") / "vae" / "diffusion_pytorch_model.safetensors"
    new = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}
    old = {}
    for name, tensor in tensors.load(path).items():
        for a, b in new.items():
            name = name.replace(a, b)
        old[name] = tensor
    tensors.save(path, old, {"format": "pt"})
    assert same(loaded(tmp_path / "x"), modules())


def test_weights_in_pieces_are_loaded(tmp_path):
    folder = make_tiny_folder(tmp_path / "x") / "unet"
    whole = tensors.load(folder / "diffusion_pytorch_model.safetensors")
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    half = len(whole) // 2
    weight_map = {}
    for i, some in enumerate((list(whole)[:half], list(whole)[half:])):
        file = f"diffusion_pytorch_model-0000{i + 1}-of-00002.safetensors"
        tensors.save(folder / file, {name: whole[name] for name in some}, {})
        weight_map |= dict.fromkeys(some, file)
    index = folder / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    assert same(loaded(tmp_path / "x"), modules())


@pytest.mark.parametrize(
    "pieces", [["../x.safetensors"], ["\x1b[2J"], ["a" * 10_000], [5], [], ["/etc/passwd"], ["x.py"], "x"]
)
def test_an_index_that_names_no_files_of_weights_is_refused(tmp_path, pieces):
    folder = make_tiny_folder(tmp_path / "x") / "unet"
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    weight_map = {str(n): piece for n, piece in enumerate(pieces)} if isinstance(pieces, list) else pieces
    index = folder / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    problem = refusal(tmp_path / "x")
    assert problem.code == "E-MODEL-BAD" and "weight_map" in problem.en and problem.path == str(index)


@pytest.fixture(scope="module")
def vaes(tmp_path_factory):
    """The VAE of another model in every shape a VAE comes in."""
    place = tmp_path_factory.mktemp("vaes")
    folder = make_tiny_folder(place / "other", seed=1)
    single = make_tiny(place / "other.safetensors", seed=1)
    ldm = {name: t for name, t in tensors.load(single).items() if name.startswith(tensor_names.VAE)}
    bare = {name.removeprefix(tensor_names.VAE): t for name, t in ldm.items()}
    return {
        "ldm file": tensors.save(place / "vae.safetensors", ldm, {}),
        "bare ldm file": tensors.save(place / "vae.pt", bare, {}),
        "checkpoint": single,
        "diffusers file": folder / "vae" / "diffusion_pytorch_model.safetensors",
        "vae folder": folder / "vae",
        "model folder": folder,
    }


VAES = ["ldm file", "bare ldm file", "checkpoint", "diffusers file", "vae folder", "model folder"]


@pytest.mark.parametrize("kind", VAES)
def test_another_vae_is_put_in(tiny, vaes, kind):
    expected = modules() | {"vae": modules(seed=1)["vae"]}
    assert same(loaded(tiny, vae=str(vaes[kind])), expected)


def test_what_is_no_vae_is_not_put_in(tmp_path, tiny):
    path = tensors.save(tmp_path / "x.safetensors", {"emb_params": torch.zeros(1, 768)}, {})
    assert refusal(tiny, vae=str(path)).key == "model.vae"


def test_a_lora_given_as_the_model_is_named_with_its_place(tmp_path):
    down = {"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": torch.zeros(16, 768)}
    key = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k"
    up = {f"{key}.lora_down.weight": torch.zeros(16, 768), f"{key}.lora_up.weight": torch.zeros(1280, 16)}
    problem = refusal(tensors.save(tmp_path / "x.safetensors", down | up, {}))
    assert problem.code == "E-MODEL-KIND"
    assert problem.facts["found"].en == "a LoRA" and problem.facts["details"] == " (rank 16, SD1)"
    assert problem.facts["wanted"].en == "a base model" and problem.facts["option"] == "network.weights"


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("decoder.up_blocks.0.resnets.0.conv1.weight", (1,), "a VAE"),
        ("text_model.encoder.layers.0.mlp.fc1.weight", (1,), "a text encoder"),
        ("control_model.input_blocks.0.0.weight", (1,), "a ControlNet"),
        ("emb_params", (4, 768), "a textual inversion embedding"),
        ("lora_unet_mid_block_attentions_0_proj_in.hada_w1_a", (4, 4), "a LyCORIS adapter"),
    ],
)
def test_other_files_given_as_the_model_are_called_what_they_are(tmp_path, name, shape, words):
    problem = refusal(tensors.save(tmp_path / "x.safetensors", {name: torch.zeros(shape)}, {}))
    assert (problem.code, problem.key) == ("E-MODEL-KIND", "model.base")
    assert problem.facts["found"].en == words and problem.facts["wanted"].en == "a base model"


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight", "SD3"),
        ("model.diffusion_model.double_blocks.0.img_attn.qkv.weight", "Flux"),
        ("noise_refiner.0.attention.qkv.weight", "Z-Image"),
    ],
)
def test_models_of_other_families_are_named_and_refused(tmp_path, name, word):
    some = {name: torch.zeros(1, 1), "model.diffusion_model.x": torch.zeros(1)}
    problem = refusal(tensors.save(tmp_path / "x.safetensors", some, {}))
    assert problem.code == "E-MODEL-FAMILY" and word in problem.en and word in problem.ja


def test_a_wrong_family_is_refused_with_the_right_one(tiny):
    problem = refusal(tiny, family="sd2")
    assert problem.key == "model.family" and (problem.facts["family"], problem.facts["asked"]) == (
        "SD1",
        "SD2",
    )


def test_a_real_checkpoint_of_sd2_given_as_sd1_is_refused_from_its_header(tmp_path):
    some = {name: torch.zeros(1) for name in names("ldm_keys_sd2")}
    problem = refusal(tensors.save(tmp_path / "x.safetensors", some, {}), family="sd1")
    assert problem.code == "E-MODEL-FAMILY" and "SD2" in problem.en


def test_a_prediction_that_the_model_denies_is_refused(tmp_path):
    path = make_tiny_folder(tmp_path / "x")
    assert refusal(path, prediction="v").key == "model.prediction"


def test_a_v_model_beside_its_config_is_taken_as_one(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    config = tmp_path / "x_config" / "scheduler" / "scheduler_config.json"
    config.write_text('{"prediction_type": "v_prediction"}')
    assert loaded(path).objective.name == "v"


def test_missing_tensors_are_named_and_counted(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    whole = tensors.load(path)
    count = sum(name.startswith(tensor_names.UNET) for name in whole)
    fewer = {name: t for name, t in whole.items() if "time_embed" not in name}
    problem = refusal(tensors.save(path, fewer, {}))
    assert problem.code == "E-MODEL-KEYS" and "time_embedding.linear_1" in problem.en
    assert (problem.facts["count"], problem.facts["total"]) == (4, count)
    fewer = {name: t for name, t in fewer.items() if ".input_blocks.1." not in name}
    problem = refusal(tensors.save(path, fewer, {}))
    assert problem.facts["total"] == count and f"and {problem.facts['count'] - 5} more" in problem.en
    assert problem.en.count(".weight") + problem.en.count(".bias") == 5


def test_one_tensor_of_another_shape_is_named(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    name = "model.diffusion_model.time_embed.0.weight"
    tensors.save(path, tensors.load(path) | {name: torch.zeros(32, 9)}, {})
    problem = refusal(path)
    assert problem.code == "E-MODEL-SHAPE" and "1 tensor of its unet has" in problem.en
    assert "time_embedding.linear_1.weight [32, 9], not [32, 8]" in problem.en


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
@pytest.mark.parametrize("ending", ["safetensors", "ckpt"])
def test_mixed_precisions_are_loaded_as_float32(tmp_path, dtype, ending):
    path = make_tiny(tmp_path / f"x.{ending}")
    half = {n: t.to(dtype) if i % 2 else t for i, (n, t) in enumerate(tensors.load(path).items())}
    parts = loaded(tensors.save(path, half, {}))
    assert {p.dtype for module in parts.modules.values() for p in module.parameters()} == {torch.float32}


def test_other_sizes_without_configs_are_refused_with_the_mend(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    (tmp_path / "x_config").rename(tmp_path / "elsewhere")
    problem = refusal(path)
    assert problem.code == "E-MODEL-SHAPE" and "x_config" in problem.en


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_named(tmp_path, value):
    path = make_tiny(tmp_path / "x.safetensors")
    bad = tensors.load(path)
    bad["model.diffusion_model.out.2.bias"][0] = value
    lazy = {name: unchecked(tensor) for name, tensor in bad.items()}
    tensors.save(path, lazy, {})
    problem = refusal(path)
    assert problem.code == "E-MODEL-NAN" and "conv_out.bias" in problem.en


@pytest.mark.parametrize("base", ["", "no/such/place/model.safetensors", "missing.ckpt"])
def test_a_model_that_is_not_there_is_called_missing(base):
    assert refusal(base).code == "E-MODEL-MISSING"


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_a_single_file_is_loaded_and_read_without_a_network(tmp_path, monkeypatch, family):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    parts = loaded(make_tiny(tmp_path / "x.ckpt", family=family))
    ids = parts.tokenizer["text_encoder"](["sls frog"], ModelConfig(), torch.device("cpu"))
    assert ids[0, :4].tolist() == [49406, 33651, 11438, 49407]


def test_a_program_in_a_model_folder_is_never_imported(tmp_path):
    folder = make_tiny_folder(tmp_path / "x")
    for place in (folder, folder / "unet", folder / "tokenizer", folder / "scheduler"):
        place.mkdir(exist_ok=True)
        (place / "pipeline.py").write_text("raise SystemExit('imported')")
        (place / "__init__.py").write_text("raise SystemExit('imported')")
    assert same(loaded(folder), modules())


def test_progress_is_told_up_to_the_end(tiny):
    events = []
    whole(open_family("auto"), ModelConfig(base=str(tiny)), events.append)
    weights = sum(len(module.state_dict()) for module in modules().values())
    assert {(e.stage, e.total) for e in events} == {("load_model", weights)}
    marks = [e.done for e in events]
    assert marks[0] == 0 and marks[-1] == weights and marks == sorted(set(marks)) and 95 < len(marks) < 105


def test_loading_leaves_the_random_numbers_alone(tiny):
    state = torch.random.get_rng_state()
    whole(open_family("auto"), ModelConfig(base=str(tiny)), quiet)
    assert torch.equal(torch.random.get_rng_state(), state)
