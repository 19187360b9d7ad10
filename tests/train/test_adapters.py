"""LoRA files of every writer: what they are worth in the model, and what is said of unusable ones."""

import json
from dataclasses import replace

import pytest
import torch

from core.adapters.network import merge
from core.config.schema.network import NetworkConfig
from core.config.schema.run import ModelConfig
from core.errors import UserError
from core.events import Warned
from core.formats import tensors
from core.formats.identify import identify
from core.models import lora_precheck
from core.models.family import open_family
from core.models.parts import whole
from core.train.weights import lora_files
from tests.pipelines import pipeline
from tests.tiny import make_tiny

QUERY = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
OUT = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0"
PROJECTION = "mid_block.attentions.0.proj_in"  # a 1x1 convolution
TEXT = "encoder.layers.0.self_attn.q_proj"
LDM = {
    QUERY: "input_blocks.1.1.transformer_blocks.0.attn1.to_q",
    OUT: "input_blocks.1.1.transformer_blocks.0.attn1.to_out.0",
    PROJECTION: "middle_block.1.proj_in",
}


@pytest.fixture(scope="module")
def parts(base):
    return whole(open_family("auto"), ModelConfig(base=str(base)), lambda event: None)


def pair(seed, rows, columns, rank=4):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rank, columns, generator=generator), torch.randn(rows, rank, generator=generator)


WEIGHTS = {
    ("unet", QUERY): pair(0, 8, 8),
    ("unet", OUT): pair(1, 8, 8),
    ("unet", PROJECTION): tuple(matrix[..., None, None] for matrix in pair(2, 16, 16)),
    ("text_encoder", TEXT): pair(3, 16, 16),
}
UNET = {place: both for place, both in WEIGHTS.items() if place[0] == "unet"}


def kohya(text="lora_te_text_model_", unet=lambda path: path, alpha=8.0):
    found = {}
    for (part, path), (down, up) in WEIGHTS.items():
        name = f"lora_unet_{unet(path)}" if part == "unet" else text + path
        name = name.replace(".", "_")
        found |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
        found |= {f"{name}.alpha": torch.tensor(alpha)} if alpha is not None else {}
    return found


def peft(weights=None, start=lambda part, path: f"{part}.{path}.", middle=""):
    found = {}
    for (part, path), (down, up) in (weights or WEIGHTS).items():
        name = start(part, path)
        found |= {f"{name}lora_A.{middle}weight": down, f"{name}lora_B.{middle}weight": up}
    return found


def settings(**more):
    """The metadata of a LoRA that Diffusers wrote: rank 4 and alpha 16 unless told otherwise."""
    told = {"r": 4, "lora_alpha": 16, "rank_pattern": {}, "alpha_pattern": {}} | more
    named = {f"{part}.{key}": value for part in ("unet", "text_encoder") for key, value in told.items()}
    for part in ("unet", "text_encoder"):
        named[f"{part}.target_modules"] = [path for owner, path in WEIGHTS if owner == part]
    return {"lora_adapter_metadata": json.dumps(named), "format": "pt"}


def processors():
    """Diffusers' first LoRA: no alpha, a scale of 1."""
    found = {}
    for (part, path), (down, up) in WEIGHTS.items():
        if path in (QUERY, OUT):
            attention, which = path.removesuffix(".0").rsplit(".", 1)
            name = f"{part}.{attention}.processor.{which}_lora"
            found |= {f"{name}.down.weight": down, f"{name}.up.weight": up}
    return found


FILES = {
    "kohya": (kohya(), {}, 2.0),
    "without alpha": (kohya(alpha=None), {}, 1.0),
    "te1": (kohya(text="lora_te1_text_model_"), {}, 2.0),
    "names of single files": (kohya(unet=LDM.get), {}, 2.0),
    "Diffusers": (peft(), {}, 1.0),
    "Diffusers with metadata": (peft(), settings(), 4.0),
    "an adapter's name": (peft(middle="frog."), settings(), 4.0),
    "an alpha for one module": (peft(UNET), settings(alpha_pattern={"attn1.to_q": 2, "^to_k": 9}), None),
    "rank-stabilized": (peft(), settings(use_rslora=True), 8.0),
    "attention processors": (processors(), {}, 1.0),
    "ComfyUI": (
        peft(start=lambda part, path: f"diffusion_model.{LDM[path]}." if part == "unet" else
             f"text_encoders.clip_l.transformer.text_model.{path}."), {}, 1.0,
    ),
    "OneTrainer": (kohya() | {"bundle_emb.sls.clip_l": torch.zeros(2, 16)}, {}, 2.0),
    "positions": (kohya() | {"lora_te_text_model_embeddings.position_ids": torch.arange(77)}, {}, 2.0),
}  # fmt: skip


PROCESSED = {("unet", QUERY), ("unet", OUT)}
WHOLE = FILES.keys() - {"an alpha for one module", "attention processors"}


def read(path, parts):
    events = []
    return lora_files.read(path, parts, events.append), [
        event for event in events if isinstance(event, Warned)
    ]


@pytest.mark.parametrize("name", FILES)
def test_a_lora_of_any_writer_is_worth_what_its_alpha_says(tmp_path, parts, name):
    wrote, metadata, scale = FILES[name]
    found, _ = read(tensors.save(tmp_path / "x.safetensors", wrote, metadata), parts)
    assert found.keys() == ({*WEIGHTS} if name in WHOLE else {*UNET} if scale is None else PROCESSED)
    for place, module in found.items():
        down, up = WEIGHTS[place]
        assert torch.equal(module.tensors["lora_down.weight"], down)
        assert torch.equal(module.tensors["lora_up.weight"], up)
        wanted = scale if scale is not None else 0.5 if place[1] == QUERY else 4.0
        assert module.alpha / module.rank == pytest.approx(wanted)


@pytest.mark.parametrize(
    "name", ["Diffusers", "Diffusers with metadata", "rank-stabilized", "attention processors"]
)
def test_the_scale_is_the_one_that_diffusers_gives_it(tmp_path, parts, name):
    wrote, metadata, _ = FILES[name]
    path = tensors.save(tmp_path / "x.safetensors", wrote, metadata)
    ours, _ = read(path, parts)
    pipe = pipeline(parts)
    try:
        pipe.load_lora_weights(str(tmp_path), weight_name=path.name, adapter_name="frog")
        theirs = {
            (part, path): layer.scaling["frog"]
            for part in ("unet", "text_encoder")
            for path, layer in getattr(pipe, part).named_modules()
            if hasattr(layer, "lora_A")
        }
    finally:
        pipe.unload_lora_weights()
    assert theirs == pytest.approx({place: m.alpha / m.rank for place, m in ours.items()})


def test_merged_it_is_worth_the_alpha_of_the_metadata(tmp_path, parts):
    path = tensors.save(tmp_path / "x.safetensors", peft(), settings())
    found, _ = read(path, parts)
    weight = parts.modules["unet"].get_submodule(QUERY).weight
    before = weight.clone()
    merge(parts.modules, found, 0.5)
    down, up = WEIGHTS["unet", QUERY]
    torch.testing.assert_close(weight - before, 0.5 * 16 / 4 * up @ down, rtol=1e-4, atol=1e-4)
    merge(parts.modules, found, -0.5)


def test_a_run_goes_on_with_the_alpha_of_the_metadata(tmp_path, parts):
    path = tensors.save(tmp_path / "x.safetensors", peft(), settings())
    network = NetworkConfig(method="lora", weights=str(path), dim_from_weights=True, rank=8, alpha=1)
    start = lora_files.to_continue(parts, network, lambda event: None)
    sizes = lora_files.ranks_of(network, parts.spec, start).known
    assert sizes.keys() == WEIGHTS.keys() and set(sizes.values()) == {(4, 16.0)}


def test_ranks_of_single_modules_are_those_of_the_metadata(tmp_path, parts):
    weights = {**UNET, ("unet", PROJECTION): pair(5, 16, 16, rank=8)}
    told = settings(rank_pattern={"proj_in": 8}, alpha_pattern={"mid_block.attentions.0.proj_in": 24})
    found, _ = read(tensors.save(tmp_path / "x.safetensors", peft(weights), told), parts)
    assert found["unet", PROJECTION].alpha == 24 and found["unet", QUERY].alpha == 16


def test_pefts_own_file_takes_alpha_from_the_config_beside_it(tmp_path, parts):
    path = tmp_path / "adapter_model.safetensors"
    tensors.save(path, peft(UNET, lambda part, path: f"base_model.model.{path}."), {})
    (tmp_path / "adapter_config.json").write_text('{"r": 4, "lora_alpha": 2, "peft_type": "LORA"}')
    found, _ = read(path, parts)
    assert found.keys() == UNET.keys() and {module.alpha for module in found.values()} == {2.0}


@pytest.mark.parametrize(
    ("wrote", "metadata"),
    [
        (peft(UNET, lambda part, path: f"base_model.model.{path}."), {}),
        (peft(), {"lora_adapter_metadata": "{"}),
        (peft(), {"lora_adapter_metadata": "[" * 100_000}),
        (peft(), {"lora_adapter_metadata": "[1]"}),
        (peft(), settings(lora_alpha="16")),
        (peft(), settings(lora_alpha=None)),
        (peft(), settings(r=0)),
        (peft(), settings(r=8)),
        (peft(), settings(alpha_pattern={"(a+)+$": 4})),
        (peft(), settings(alpha_pattern=[4])),
        (peft(), {"lora_adapter_metadata": json.dumps({"unet.r": 4, "unet.lora_alpha": 16})}),
    ],
    ids=[
        "no adapter_config.json", "no JSON", "nested", "a list", "text", "null", "rank 0", "another rank",
        "a pattern", "a list of patterns", "nothing of the text encoder",
    ],
)  # fmt: skip
def test_a_lora_whose_alpha_cannot_be_known_is_refused(tmp_path, parts, wrote, metadata):
    with pytest.raises(UserError) as refused:
        read(tensors.save(tmp_path / "x.safetensors", wrote, metadata), parts)
    assert refused.value.problems[0].code == "E-LORA-ALPHA"


def test_what_changes_nothing_in_the_model_is_set_aside_and_said(tmp_path, parts):
    for name, word in (("OneTrainer", "bundle_emb.sls.clip_l"), ("positions", "position_ids"), ("kohya", "")):
        _, said = read(tensors.save(tmp_path / "x.safetensors", FILES[name][0], {}), parts)
        assert [event.code for event in said] == (["W-LORA-ASIDE"] if word else [])
        assert all(word in event.problem.en for event in said)


def renamed(ending, tensor=None):
    """The kohya file with one more tensor for each module."""
    more = {
        name.replace("lora_up.weight", ending): torch.ones(up.shape[0], 1) if tensor is None else tensor
        for name, up in kohya().items()
        if "lora_up" in name
    }
    return kohya() | more


AT = "lora_unet_mid_block_attentions_0_proj_in"
OTHERS = {
    "(IA)^3": {f"{AT}.on_input": torch.ones(1), f"{AT}.weight": torch.ones(16)},
    "BOFT": {f"{AT}.boft_R": torch.ones(2, 4, 4)},
    "OFT of inputs": {f"{AT}.oft_R.weight": torch.ones(2, 6)},
    "OFT with a rescale": {f"{AT}.oft_blocks": torch.ones(2, 4, 4), f"{AT}.rescale": torch.ones(8, 1)},
    "early LoRA": {"unet:0:up": torch.ones(8, 4), "unet:0:down": torch.ones(4, 8)},
    "LyCORIS": kohya() | {"lora_unet_conv_norm_out.w_norm": torch.ones(8)},
}


@pytest.mark.parametrize("word", OTHERS)
def test_an_adapter_of_another_kind_is_called_by_its_name(tmp_path, parts, word):
    path = tensors.save(tmp_path / "x.safetensors", OTHERS[word], {})
    with pytest.raises(UserError) as refused:
        read(path, parts)
    [problem] = refused.value.problems
    assert problem.code == "E-LORA-KIND" and word in problem.en and "DoRA, LoHa, LoKr" in problem.en
    [told] = lora_precheck.of_run(NetworkConfig(method="lora", weights=str(path)), ModelConfig())
    assert (told.code, told.key, told.en) == ("E-LORA-KIND", "network.weights", problem.en)


def test_a_dora_that_has_lost_its_magnitudes_is_no_plain_lora(tmp_path):
    path = tensors.save(tmp_path / "x.safetensors", peft(), settings(use_dora=True))
    [problem] = lora_precheck.problems(path)
    assert problem.code == "E-LORA-KIND" and "without its magnitudes" in problem.en


def test_a_lora_for_another_family_is_refused_with_both_names(tmp_path, base):
    metadata = {"ss_base_model_version": "sd_v2"}
    path = tensors.save(tmp_path / "x.safetensors", kohya(), metadata)
    [problem] = lora_precheck.of_run(
        NetworkConfig(method="lora", weights=str(path)), ModelConfig(base=str(base))
    )
    assert problem.code == "E-LORA-FAMILY" and problem.facts == {"family": "SD2", "base": "SD1"}


def test_a_lora_of_a_family_that_cant_be_trained_is_refused_by_name(tmp_path):
    module = "lora_unet_double_blocks_0_img_attn_proj"
    path = tensors.save(tmp_path / "x.safetensors", {f"{module}.lora_down.weight": torch.ones(1, 2)}, {})
    [problem] = lora_precheck.problems(path)
    assert problem.code == "E-LORA-FAMILY" and "Flux" in problem.en


def test_a_lora_of_sdxl_is_refused_for_a_base_of_sd1(tmp_path):
    path = tensors.save(tmp_path / "x.safetensors", {"lora_te2_x.lora_down.weight": torch.ones(1, 2)}, {})
    [problem] = lora_precheck.problems(path, family="sd1")
    assert problem.code == "E-LORA-FAMILY" and "SDXL" in problem.en


@pytest.mark.parametrize("lost", ["lora_up.weight", "lora_down.weight"])
def test_a_lora_that_lacks_one_matrix_is_called_damaged_and_not_another_models(tmp_path, parts, lost):
    wrote = kohya()
    del wrote[f"lora_unet_mid_block_attentions_0_proj_in.{lost}"]
    with pytest.raises(UserError) as refused:
        read(tensors.save(tmp_path / "x.safetensors", wrote, {}), parts)
    (problem,) = refused.value.problems
    assert problem.code == "E-LORA-DAMAGED" and "mid_block_attentions_0_proj_in" in problem.en


def test_a_lora_of_another_models_size_is_refused_with_what_does_not_fit(tmp_path, parts):
    wrote = kohya()
    name = "lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"
    with pytest.raises(UserError, match="fits nowhere") as refused:
        read(tensors.save(tmp_path / "x.safetensors", wrote | {name: torch.ones(4, 99)}, {}), parts)
    assert "mid_block.attentions.0.proj_in" in refused.value.problems[0].en


@pytest.mark.parametrize(
    "change",
    [
        {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": torch.tensor(1.0)},
        {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": torch.ones(0, 16),
         "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight": torch.ones(16, 0)},
        {"lora_unet_mid_block_attentions_0_proj_in.lora_up.weight": torch.ones(16, 5)},
        {"lora_unet_mid_block_attentions_0_proj_in.alpha": torch.ones(2)},
    ],
    ids=["a number for a matrix", "rank 0", "two ranks", "two alphas"],
)  # fmt: skip
def test_matrices_that_make_no_pair_are_refused(tmp_path, parts, change):
    with pytest.raises(UserError, match="proj_in"):
        read(tensors.save(tmp_path / "x.safetensors", kohya() | change, {}), parts)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64])
def test_matrices_of_whole_numbers_are_refused(tmp_path, parts, dtype):
    wrote = {name: tensor.to(dtype) if tensor.ndim > 1 else tensor for name, tensor in kohya().items()}
    with pytest.raises(UserError, match="quantised"):
        read(tensors.save(tmp_path / "x.safetensors", wrote, {}), parts)


def broken(path, name, value):
    """The kohya file with one number that is none."""
    wrote = {key: tensor.clone() for key, tensor in kohya().items()}
    wrote[name].view(-1)[0] = value
    lazy = {key: replace(tensors.of(tensor), is_checked=False) for key, tensor in wrote.items()}
    return tensors.save(path, lazy, {})


NAMES = [f"lora_unet_mid_block_attentions_0_proj_in.{end}" for end in ("lora_up.weight", "alpha")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("option", ["weights", "base_weights"])
def test_a_number_that_is_none_is_found_before_the_model_is_loaded(tmp_path, name, value, option):
    path = str(broken(tmp_path / "x.safetensors", name, value))
    network = NetworkConfig(method="lora", **{option: path if option == "weights" else [path]})
    with pytest.raises(UserError) as refused:
        lora_files.check(network)
    [problem] = refused.value.problems
    assert (problem.code, problem.key) == ("E-MODEL-NAN", f"network.{option}")
    assert "is damaged: tensor " in problem.en and name in problem.en


def test_a_run_with_such_a_lora_is_refused_and_loads_nothing(configure, train, tmp_path, monkeypatch):
    path = broken(tmp_path / "x.safetensors", NAMES[0], float("nan"))
    monkeypatch.setattr("core.train.run.build", None)
    with pytest.raises(UserError) as refused:
        train(configure(network={"base_weights": [str(path)]}))
    assert refused.value.exit_code == 2 and "contains NaN" in refused.value.problems[0].en


@pytest.mark.parametrize("kind", ["missing", "cut", "text"])
def test_a_file_that_is_no_lora_at_all_is_named_with_its_option(tmp_path, kind):
    path = tmp_path / "x.safetensors"
    if kind != "missing":
        whole = tensors.save(path, kohya(), {}).read_bytes()
        path.write_bytes(whole[:-9] if kind == "cut" else b"not a LoRA, but a text")
    [problem] = lora_precheck.of_run(NetworkConfig(method="lora", base_weights=[str(path)]), ModelConfig())
    assert problem.key == "network.base_weights" and str(path) in problem.en


def test_the_alpha_that_the_metadata_tells_is_shown_by_identify(tmp_path):
    path = tensors.save(tmp_path / "x.safetensors", peft(), settings())
    assert (identify(path).rank, identify(path).alpha, identify(path).format) == (4, 16.0, "peft")


def test_a_model_is_no_lora_and_told_where_it_belongs(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    [problem] = lora_precheck.problems(path, "network.weights")
    assert problem.facts["wanted"].en == "a LoRA" and problem.facts["option"] == "model.base"


@pytest.mark.parametrize(("prediction", "codes"), [("epsilon", []), ("v", ["W-LORA-PREDICTION"])])
def test_a_lora_made_for_another_prediction_than_the_base_models_is_warned_of(tmp_path, prediction, codes):
    told = {"modelspec.prediction_type": "epsilon", "ss_base_model_version": "sdxl_base_v1-0"}
    lora = tensors.save(tmp_path / "x.safetensors", {"lora_te2_x.lora_down.weight": torch.ones(1, 2)}, told)
    base = make_tiny(tmp_path / "base.safetensors", family="sdxl")
    model = ModelConfig(base=str(base), prediction=prediction)
    found = lora_precheck.of_run(NetworkConfig(method="lora", weights=str(lora)), model)
    assert [problem.code for problem in found] == codes
