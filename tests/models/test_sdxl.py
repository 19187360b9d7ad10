"""Stable Diffusion XL: its files in every form, its two text encoders, what is refused by the header."""

import json
import shutil

import pytest
import torch
from diffusers import StableDiffusionXLPipeline
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from core.config.schema.run import ModelConfig
from core.errors import UserError
from core.families import FAMILIES
from core.formats import tensors
from core.formats.identify import identify
from core.models import precheck
from core.models.family import open_family
from core.models.sdxl.family import SDXL
from core.tools.convert import ConvertSettings, convert
from tests.golden import names
from tests.models.conftest import loaded
from tests.tiny import configs, make_tiny, make_tiny_folder, modules

BOS, EOS, FROG = 49406, 49407, 11438
PROJECTION = "conditioner.embedders.1.model.text_projection"
MARKS = {"v_pred": torch.empty(0), "ztsnr": torch.empty(0)}


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """A single file of tiny SDXL, with what real ones hold beside their weights."""
    place = tmp_path_factory.mktemp("sdxl")
    made = tensors.load(make_tiny(place / "plain.safetensors", family="sdxl"))
    more = {
        # CLIP's bound of it, which is ln 100.
        "conditioner.embedders.1.model.logit_scale": torch.tensor(4.605170185988092),
        "conditioner.embedders.0.transformer.text_model.embeddings.position_ids": torch.arange(77)[None],
        "a_merger.left_this": torch.ones(2),
    }
    (place / "plain_config").rename(place / "xl_config")
    return tensors.save(place / "xl.safetensors", {n: tensors.of(t) for n, t in (made | more).items()}, {})


@pytest.fixture(scope="module")
def model(single):
    return loaded(single)


def marked(single, path, **marks):
    """The same file with more tensors; its configs go with it."""
    held = tensors.load(single) | marks
    (path.parent / f"{path.stem}_config").symlink_to(single.with_name("xl_config"))
    return tensors.save(path, {name: tensors.of(tensor) for name, tensor in held.items()}, {})


def converted(source, target, save_as):
    return convert(ConvertSettings(source=str(source), target=str(target), save_as=save_as))


def test_a_file_becomes_a_folder_and_a_file_again_bit_for_bit(single, tmp_path):
    folder = converted(single, tmp_path / "folder", "diffusers_safetensors")
    again = tensors.load(converted(folder, tmp_path / "again", "safetensors"))
    before = tensors.load(single)
    assert again.keys() == before.keys() - {"a_merger.left_this"}
    assert [name for name in again if not torch.equal(again[name], before[name])] == []


def test_a_file_keeps_everything_that_it_held_when_it_is_written_as_another_file(single, tmp_path):
    again = tensors.load(converted(single, tmp_path / "again", "ckpt"))
    before = tensors.load(single)
    assert again.keys() == before.keys()
    assert [name for name in again if not torch.equal(again[name], before[name])] == []


def test_the_projection_is_the_transpose_in_a_file_of_what_it_is_in_a_folder(single, tmp_path):
    folder = converted(single, tmp_path / "folder", "diffusers_safetensors")
    held = tensors.load(folder / "text_encoder_2" / "model.safetensors")["text_projection.weight"]
    assert torch.equal(held, tensors.load(single)[PROJECTION].T)
    assert not torch.equal(held, held.T)


def test_a_projection_named_as_in_transformers_is_not_transposed(single, tmp_path):
    held = tensors.load(single)
    held[f"{PROJECTION}.weight"] = held.pop(PROJECTION).T.contiguous()
    (tmp_path / "x_config").symlink_to(single.with_name("xl_config"))
    path = tensors.save(tmp_path / "x.safetensors", {n: tensors.of(t) for n, t in held.items()}, {})
    found = loaded(path).modules["text_encoder_2"].text_projection.weight
    assert torch.equal(found, held[f"{PROJECTION}.weight"])


def test_only_the_first_encoder_has_the_level_put_back_in_a_folder(single, tmp_path):
    folder = converted(single, tmp_path / "folder", "diffusers_safetensors")
    first, second = (
        tensors.load(folder / part / "model.safetensors") for part in ("text_encoder", "text_encoder_2")
    )
    assert all(name.startswith("text_model.") for name in first)
    assert {name for name in second if not name.startswith("text_model.")} == {"text_projection.weight"}


def test_diffusers_reads_the_folder_and_the_single_file_to_the_same_tensors(single, tmp_path):
    folder = converted(single, tmp_path / "folder", "diffusers_safetensors")
    from_folder = StableDiffusionXLPipeline.from_pretrained(folder, local_files_only=True)
    from_file = StableDiffusionXLPipeline.from_single_file(
        single, config=str(folder), local_files_only=True, torch_dtype=torch.float32
    )
    ids = torch.tensor([[BOS, FROG, EOS] + [0] * 74])
    for part in ("unet", "vae", "text_encoder", "text_encoder_2"):
        one, other = (getattr(pipe, part).state_dict() for pipe in (from_folder, from_file))
        same = [n for n in one if n in other and torch.equal(one[n], other[n])]
        assert len(same) == len([n for n in one if "position_ids" not in n])
    assert torch.equal(from_folder.text_encoder_2(ids)[0], from_file.text_encoder_2(ids)[0])
    assert (from_folder.tokenizer.pad_token_id, from_folder.tokenizer_2.pad_token_id) == (EOS, 0)


def test_a_folder_of_fp16_variants_is_read(tmp_path):
    folder = make_tiny_folder(tmp_path / "model", family="sdxl")
    for file in folder.rglob("*.safetensors"):
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    assert loaded(folder).spec.name == "sdxl"


@pytest.mark.parametrize(
    ("marks", "prediction", "is_zero_terminal"),
    [((), "epsilon", False), (("v_pred",), "v", False), (("v_pred", "ztsnr"), "v", True)],
)
def test_what_it_predicts_and_over_which_noise_is_told_by_its_marks_and_written_back(
    single, tmp_path, marks, prediction, is_zero_terminal
):
    path = marked(single, tmp_path / "x.safetensors", **{name: MARKS[name] for name in marks})
    model = loaded(path)
    assert model.objective.name == prediction
    assert (model.objective.snr(torch.tensor(999)).item() == 0) is is_zero_terminal
    written = SDXL.save(model, tmp_path / "y", "safetensors", "auto", {})
    assert {*marks} == MARKS.keys() & tensors.load(written).keys()


def test_the_marks_go_into_a_folders_scheduler_and_back(single, tmp_path):
    path = marked(single, tmp_path / "x.safetensors", **MARKS)
    folder = converted(path, tmp_path / "folder", "diffusers_safetensors")
    told = json.loads((folder / "scheduler" / "scheduler_config.json").read_text("utf-8"))
    expected = {
        "prediction_type": "v_prediction",
        "rescale_betas_zero_snr": True,
        "timestep_spacing": "trailing",
    }
    assert expected.items() <= told.items()
    again = tensors.load(converted(folder, tmp_path / "again", "safetensors"))
    assert MARKS.keys() <= again.keys()


# Text.


def encoded(model, *captions, **options):
    with torch.no_grad():
        return SDXL.encode_text(model, captions, ModelConfig(**options))


def test_states_and_pooled_are_those_of_transformers(model):
    [state] = encoded(model, "sls frog")
    body = [BOS, 33651, FROG, EOS]
    first = model.modules["text_encoder"](torch.tensor([body + [EOS] * 73]), output_hidden_states=True)
    config = configs("sdxl")["text_encoder_2"] | {"eos_token_id": EOS}
    second = CLIPTextModelWithProjection(CLIPTextConfig(**config)).eval()
    second.load_state_dict(model.modules["text_encoder_2"].state_dict())
    theirs = second(torch.tensor([body + [0] * 73]), output_hidden_states=True)
    expected = torch.cat([first.hidden_states[-2], theirs.hidden_states[-2]], dim=-1)[0]
    torch.testing.assert_close(state.tensors["states"], expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(state.tensors["pooled"], theirs.text_embeds[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("windows", [2, 3])
@pytest.mark.parametrize("count", [10, 80, 300])
def test_longer_captions_are_cut_and_joined_as_in_sd_scripts(model, windows, count):
    [state] = encoded(model, " ".join(["frog"] * count), max_token_length=75 * windows)
    body = [FROG] * min(count, 75 * windows)
    expected = []
    for part, pad in (("text_encoder", EOS), ("text_encoder_2", 0)):
        row = [BOS, *body, EOS] + [pad] * (75 * windows - len(body))
        pieces = [[BOS, *row[1 + 75 * i : 76 + 75 * i], row[-1]] for i in range(windows)]
        for piece in pieces if pad == 0 else ():
            if piece[-2] not in (EOS, 0):
                piece[-1] = EOS
            if piece[1] == 0:
                piece[1] = EOS
        outs = [
            model.modules[part](torch.tensor([piece]), output_hidden_states=True).hidden_states[-2][0]
            for piece in pieces
        ]
        expected.append(torch.cat([outs[0][:1], *(out[1:-1] for out in outs), outs[-1][-1:]]))
    torch.testing.assert_close(state.tensors["states"], torch.cat(expected, dim=-1), rtol=0, atol=1e-5)


@pytest.mark.parametrize("caption", ["frog", " ".join(["frog"] * 75)])
def test_pooled_is_that_of_the_first_window(model, caption):
    [short], [long] = encoded(model, caption), encoded(model, caption + " frog" * 100, max_token_length=225)
    is_full = caption != "frog"
    assert torch.allclose(short.tensors["pooled"], long.tensors["pooled"], atol=1e-6) is is_full


def test_pooled_as_in_sd_scripts_reads_the_files_matrix_as_it_is(model):
    [right], [theirs] = encoded(model, "frog"), encoded(model, "frog", pooled_as_sd_scripts=True)
    weight = model.modules["text_encoder_2"].text_projection.weight
    whole = torch.linalg.solve(weight, right.tensors["pooled"])
    torch.testing.assert_close(theirs.tensors["pooled"], weight.T @ whole, rtol=1e-3, atol=1e-3)


def test_only_the_first_encoder_has_layers_that_nothing_uses(model):
    assert model.unused("text_encoder") == ("encoder.layers.2.", "final_layer_norm.")
    assert model.unused("text_encoder_2") == model.unused("unet") == ()


# What is refused.


# ComfyUI looks for ztsnr only beside v_pred: comfy/supported_models.py, SDXL.model_type.
def test_ztsnr_without_v_pred_means_nothing_in_a_folder_either(single, tmp_path):
    source = marked(single, tmp_path / "x.safetensors", ztsnr=torch.empty(0))
    folder = converted(source, tmp_path / "folder", "diffusers_safetensors")
    told = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    assert told["prediction_type"] == "epsilon" and not told.get("rescale_betas_zero_snr")


@pytest.mark.parametrize(("part", "words"), [("vae", "set one in model.vae"), ("text_encoder_2", "lacks")])
def test_a_folder_without_one_of_its_parts_is_refused_by_that_part(tmp_path, part, words):
    folder = make_tiny_folder(tmp_path / "x", family="sdxl")
    shutil.rmtree(folder / part)
    with pytest.raises(UserError, match=words):
        loaded(folder)


def test_a_folder_without_a_vae_takes_another(tmp_path):
    folder = make_tiny_folder(tmp_path / "x", family="sdxl")
    other = (folder / "vae").rename(tmp_path / "vae")
    weights = loaded(folder, vae=str(other)).vae.state_dict()
    assert torch.equal(
        weights["quant_conv.bias"], modules(family="sdxl")["vae"].state_dict()["quant_conv.bias"]
    )


def real(tmp_path, without=(), more=()):
    """A file with the names and shapes of real SDXL, and nothing in it."""
    shapes = {n: tuple(s) for n, s in names("ldm_keys_sdxl").items() if not n.startswith(tuple(without))}
    shapes |= dict.fromkeys(more, ())
    header, place = {}, 0
    for name, shape in shapes.items():
        size = 2 * torch.Size(shape).numel()
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header).encode()
    path = tmp_path / "real.safetensors"
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + place)
    return path


def test_a_real_file_is_known_by_its_header_with_no_fault(tmp_path):
    path = real(tmp_path)
    found = identify(path)
    assert (found.kind, found.family, found.variant, found.prediction) == ("model", "sdxl", "", "epsilon")
    assert [*precheck.of_base(path, ModelConfig())] == []


BLOCKS = [f"model.diffusion_model.{place}" for place in ("input_blocks.7.1", "input_blocks.8.1")]
BLOCKS += [f"model.diffusion_model.{place}" for place in ("middle_block.1", "output_blocks.0.1")]
BLOCKS += [f"model.diffusion_model.{place}" for place in ("output_blocks.1.1", "output_blocks.2.1")]


@pytest.mark.parametrize(
    ("without", "more", "word"),
    [
        ([f"{block}.transformer_blocks.{n}." for block in BLOCKS for n in range(4, 10)], [], "SSD-1B"),
        ([f"{block}.transformer_blocks.{n}." for block in BLOCKS for n in range(2, 10)], [], "Segmind-Vega"),
        ([f"{block}.transformer_blocks.{n}." for block in BLOCKS for n in range(8, 10)], [], "depth 8"),
        ([], ["edm_mean", "edm_std"], "Playground"),
        ([], ["edm_vpred.sigma_max"], "EDM v-prediction"),
        (["conditioner.", "first_stage_model."], [], "U-Net"),
    ],
)
def test_models_that_only_resemble_it_are_refused_by_name(tmp_path, without, more, word):
    [problem] = precheck.of_base(real(tmp_path, without, more), ModelConfig())
    assert word in problem.en and word in problem.ja


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_given_as_sd1_or_sd2_it_is_refused_with_its_own_name(tmp_path, family):
    [problem] = precheck.of_base(real(tmp_path), ModelConfig(family=family))
    assert problem.code == "E-MODEL-FAMILY" and "SDXL" in problem.en and "SDXL" in problem.ja


def test_the_refiner_is_refused_by_name(tmp_path):
    one = tensors.of(torch.zeros(1))
    some = {"conditioner.embedders.0.model.ln_final.weight": one, "model.diffusion_model.x": one}
    with pytest.raises(UserError, match="SDXL refiner"):
        loaded(tensors.save(tmp_path / "x.safetensors", some, {}))


def test_clip_skip_2_is_what_it_does_anyway_and_warned_of_by_nobody(tmp_path):
    assert [*precheck.of_base(real(tmp_path), ModelConfig(clip_skip=2))] == []


def test_its_latents_have_a_factor_of_their_own(model):
    assert FAMILIES["sdxl"].latent_scale == 0.13025
    pixels = torch.zeros(1, 3, 64, 64)
    mean, _ = open_family("sdxl").encode_image(model, pixels)
    expected = model.vae.encode(pixels).latent_dist.mean * 0.13025
    assert torch.equal(mean, expected)
