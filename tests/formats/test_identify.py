"""What a file is, from names and shapes alone."""

import json
import time

import pytest
import torch

from core.formats import tensors
from core.formats.identify import classify, identify
from tests.golden import names
from tests.tiny import make_tiny, make_tiny_folder


def table(shapes, dtype="F16"):
    return {name: (dtype, tuple(shape)) for name, shape in shapes.items()}


def found(shapes, **metadata):
    identity = classify(table(shapes), metadata)
    return identity.kind, identity.family


def lora(prefix="lora_te_text_model_encoder_layers_0_self_attn_q_proj", width=768, rank=16):
    return {
        f"{prefix}.lora_down.weight": torch.zeros(rank, width),
        f"{prefix}.lora_up.weight": torch.zeros(width, rank),
        f"{prefix}.alpha": torch.tensor(8.0),
    }


def test_a_real_sd1_checkpoint_is_known():
    assert found(names("ldm_keys_sd15")) == ("model", "sd1")


def test_a_real_sd2_checkpoint_is_known():
    assert found(names("ldm_keys_sd2")) == ("model", "sd2")


def test_what_an_sd2_checkpoint_predicts_is_not_known_from_its_names():
    assert classify(table(names("ldm_keys_sd2")), {}).prediction == ""


def test_what_an_sd2_checkpoint_predicts_is_taken_from_its_metadata():
    identity = classify(table(names("ldm_keys_sd2")), {"modelspec.architecture": "stable-diffusion-v2-768-v"})
    assert (identity.prediction, identity.variant) == ("v", "768-v")


def test_sd1_predicts_noise_unless_it_says_otherwise():
    assert classify(table(names("ldm_keys_sd15")), {}).prediction == "epsilon"
    assert classify(table(names("ldm_keys_sd15")), {"modelspec.prediction_type": "v"}).prediction == "v"


def test_an_inpainting_model_is_named_so():
    shapes = names("ldm_keys_sd15") | {"model.diffusion_model.input_blocks.0.0.weight": (320, 9, 3, 3)}
    assert classify(table(shapes), {}).variant == "inpainting"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("conditioner.embedders.1.model.ln_final.weight", "sdxl"),
        ("model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight", "sd3"),
        ("model.diffusion_model.double_blocks.0.img_attn.qkv.weight", "flux"),
        ("double_blocks.0.img_attn.qkv.weight", "flux"),
        ("noise_refiner.0.attention.qkv.weight", "zimage"),
    ],
)
def test_models_of_other_families_are_named(name, family):
    assert found({name: (1, 1), "model.diffusion_model.x": (1,)}) == ("model", family)


@pytest.mark.parametrize(
    ("shapes", "kind"),
    [
        ({"first_stage_model.encoder.conv_in.weight": (1,)}, "vae"),
        ({"decoder.up.0.block.0.conv1.weight": (1,)}, "vae"),
        ({"decoder.up_blocks.0.resnets.0.conv1.weight": (1,)}, "vae"),
        ({"text_model.encoder.layers.0.mlp.fc1.weight": (1,)}, "text_encoder"),
        ({"control_model.input_blocks.0.0.weight": (1,)}, "controlnet"),
        ({"controlnet_cond_embedding.conv_in.weight": (1,)}, "controlnet"),
        ({"emb_params": (4, 768)}, "embedding"),
        ({"string_to_param.*": (4, 1024)}, "embedding"),
        ({"lora_unet_mid_block_attentions_0_proj_in.hada_w1_a": (4, 4)}, "lycoris"),
        ({"lora_unet_mid_block_attentions_0_proj_in.lokr_w1": (4, 4)}, "lycoris"),
        ({"unet.mid_block.attentions.0.proj_in.lora_A.weight": (4, 4)}, "lora"),
        ({"model.0.weight": (64, 3, 3, 3)}, "unknown"),
        ({"unet:0:up": (4, 4)}, "lora"),
        ({"diffusion_model.input_blocks.1.1.proj_in.lora_up.weight": (4, 4)}, "lora"),
        ({"down_blocks.0.attentions.0.attn1.processor.to_q_lora.down.weight": (4, 4)}, "lora"),
    ],
)
def test_other_files_are_told_apart(shapes, kind):
    assert found(shapes)[0] == kind


def test_a_lora_tells_rank_alpha_and_modules(tmp_path):
    identity = identify(tensors.save(tmp_path / "x.safetensors", lora(), {}))
    assert (identity.kind, identity.family, identity.rank, identity.alpha, identity.modules) == (
        "lora",
        "sd1",
        16,
        8.0,
        1,
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_alpha_is_read_in_every_precision(tmp_path, dtype):
    wrote = {name: tensor.to(dtype) for name, tensor in lora().items()}
    assert identify(tensors.save(tmp_path / "x.ckpt", wrote, {})).alpha == 8.0


def test_a_lora_of_sd2_is_told_by_its_width(tmp_path):
    assert identify(tensors.save(tmp_path / "x.safetensors", lora(width=1024), {})).family == "sd2"


# CLIP-L is 768 wide, as are the text states of SD1; SDXL's denoiser takes 2048.
def test_a_lora_of_sdxl_with_the_first_encoder_alone_is_none_of_sd1(tmp_path):
    encoder = lora("lora_te1_text_model_encoder_layers_0_self_attn_q_proj", width=768)
    denoiser = lora("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", width=2048)
    assert identify(tensors.save(tmp_path / "x.safetensors", encoder | denoiser, {})).family == "sdxl"
    assert identify(tensors.save(tmp_path / "y.safetensors", encoder, {})).family == ""


def test_a_lora_of_a_small_model_is_told_by_its_metadata(tmp_path):
    path = tensors.save(tmp_path / "x.safetensors", lora(width=16), {"ss_base_model_version": "sd_v1"})
    assert identify(path).family == "sd1"


def test_a_damaged_file_is_unknown_with_its_problem(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"123")
    identity = identify(tmp_path / "x.safetensors")
    assert identity.kind == "unknown" and identity.problems[0].code == "E-MODEL-TRUNC"


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_a_diffusers_folder_is_known(tmp_path, family):
    identity = identify(make_tiny_folder(tmp_path / "model", family=family))
    assert (identity.kind, identity.family, identity.format) == ("model", family, "diffusers")


@pytest.mark.parametrize(
    ("part", "kind", "variant"),
    [("unet", "model", "unet"), ("vae", "vae", ""), ("text_encoder", "text_encoder", "")],
)
def test_the_parts_of_a_diffusers_folder_are_known(tmp_path, part, kind, variant):
    identity = identify(make_tiny_folder(tmp_path / "model") / part)
    assert (identity.kind, identity.variant, identity.format) == (kind, variant, "diffusers")
    assert identity.parameters > 0 and identity.dtypes.keys() == {"F32"}


def test_a_training_state_is_known(tmp_path):
    (tmp_path / "state.json").write_text("{}")
    assert identify(tmp_path).kind == "state"


def test_a_pipeline_that_is_not_known_is_refused(tmp_path):
    (tmp_path / "model_index.json").write_text('{"_class_name": "EvilPipeline", "x": ["evil_module", "X"]}')
    identity = identify(tmp_path)
    assert identity.kind == "unknown" and "EvilPipeline" in identity.problems[0].en


def test_a_folder_without_a_model_is_told_so(tmp_path):
    assert identify(tmp_path).problems[0].code == "E-MODEL-KIND"


def test_the_prediction_beside_a_single_file_is_seen(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors")
    config = tmp_path / "x_config" / "scheduler" / "scheduler_config.json"
    config.write_text('{"prediction_type": "v_prediction"}')
    assert identify(path).prediction == "v"


def test_the_json_record_has_the_promised_keys():
    promised = "kind family variant prediction format dtypes rank alpha modules parameters metadata problems"
    assert list(classify({}, {}).to_json()) == promised.split()


@pytest.mark.parametrize(("version", "prediction"), [("sd_v2_v", "v"), ("sd_v2", "epsilon")])
def test_the_version_that_sd_scripts_writes_tells_the_prediction(version, prediction):
    identity = classify(table(names("ldm_keys_sd2")), {"ss_base_model_version": version})
    assert identity.prediction == prediction and identity.tells_prediction


def test_the_mark_of_v_models_in_a_file_is_seen():
    identity = classify(table(names("ldm_keys_sd2") | {"v_pred": (0,)}), {})
    assert (identity.prediction, identity.variant) == ("v", "768-v")


def test_what_sd1_usually_predicts_is_not_what_a_file_tells():
    assert not classify(table(names("ldm_keys_sd15")), {}).tells_prediction


@pytest.mark.parametrize("ending", ["safetensors", "ckpt"])
@pytest.mark.parametrize("which", ["ldm_keys_sd15", "ldm_keys_sd2"])
def test_a_real_sized_header_takes_under_a_tenth_of_a_second(tmp_path, which, ending):
    path = tensors.save(tmp_path / f"x.{ending}", {name: torch.zeros(1) for name in names(which)}, {})
    identify(path)
    best = min(_seconds(path) for _ in range(5))
    assert best < 0.1


def _seconds(path):
    start = time.process_time()
    identify(path)
    return time.process_time() - start


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("model.0.weight", "upscaler"),
        ("conv_first.weight", "upscaler"),
        ("model.1.sub.0.RDB1.conv1.0.weight", "upscaler"),
        ("emb_params", ""),
    ],
)
def test_an_upscaler_is_named_so(name, variant):
    assert classify(table({name: (64, 3, 3, 3)}), {}).variant == variant


@pytest.mark.parametrize(
    ("more", "kind", "variant"),
    [
        ("hada_w1_b", "lycoris", "LoHa"),
        ("lokr_w2", "lycoris", "LoKr"),
        ("oft_blocks", "lycoris", "OFT"),
        ("a1.weight", "lycoris", "GLoRA"),
        ("on_input", "lycoris", "(IA)^3"),
        ("diff", "lycoris", "full"),
        ("dora_scale", "lora", "DoRA"),
        ("lora_mid.weight", "lora", "Tucker"),
        ("alpha", "lora", ""),
    ],
)
def test_the_kind_of_an_adapter_is_told(more, kind, variant):
    start = "lora_unet_mid_block_attentions_0_proj_in"
    shapes = {f"{start}.lora_down.weight": (4, 4), f"{start}.{more}": (4, 4)}
    identity = classify(table(shapes), {})
    assert (identity.kind, identity.variant, identity.modules) == (kind, variant, 1)


@pytest.mark.parametrize(
    ("channels", "variant"), [(9, "inpainting"), (8, "instruct-pix2pix"), (5, "depth"), (7, "upscaler")]
)
@pytest.mark.parametrize("form", [int, lambda n: [n]])
def test_the_variants_of_a_diffusers_folder_are_told_by_their_channels(tmp_path, channels, variant, form):
    change(make_tiny_folder(tmp_path / "x"), "unet/config.json", in_channels=form(channels))
    assert identify(tmp_path / "x").variant == variant


@pytest.mark.parametrize(
    ("pipeline", "variant"),
    [
        ("StableDiffusionInpaintPipeline", "inpainting"),
        ("StableDiffusionUpscalePipeline", "upscaler"),
        ("StableUnCLIPImg2ImgPipeline", "unclip"),
    ],
)
def test_the_variants_of_a_diffusers_folder_are_told_by_their_pipelines(tmp_path, pipeline, variant):
    own = {"low_res_scheduler": ["diffusers", "DDPMScheduler"], "image_normalizer": ["stable_diffusion", "X"]}
    change(make_tiny_folder(tmp_path / "x"), "model_index.json", _class_name=pipeline, **own)
    identity = identify(tmp_path / "x")
    assert (identity.variant, identity.problems) == (variant, ())


@pytest.mark.parametrize(
    ("scheduler", "variant"),
    [
        ("EDMDPMSolverMultistepScheduler", "EDM"),  # of Playground 2.5
        ("FlowMatchEulerDiscreteScheduler", "flow matching"),
        ("EulerAncestralDiscreteScheduler", ""),
    ],
)
@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_diffusers_folder_over_another_noise_is_told_by_its_scheduler(tmp_path, family, scheduler, variant):
    folder = make_tiny_folder(tmp_path / "x", family=family)
    change(folder, "scheduler/scheduler_config.json", _class_name=scheduler)
    assert identify(folder).variant == variant


def change(folder, name, **values):
    """Other values in a JSON file of a model folder."""
    told = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(told | values))


@pytest.mark.parametrize(
    "named",
    [
        {"unet": ["evil_module", "X"]},
        {"unet": ["diffusers_modules.local.my_unet", "UNet2DConditionModel"]},
        {"vae": ["diffusers", "AutoencoderTiny"]},
        {"helper": ["transformers", "CLIPTextModel"]},
        {"scheduler": ["diffusers", "os.system"]},
        {"unet": ["diffusers"]},
        {"unet": [["diffusers"], {}]},
    ],
)
def test_a_class_that_stable_diffusion_does_not_have_is_refused_by_name(tmp_path, named):
    folder = make_tiny_folder(tmp_path / "x")
    change(folder, "model_index.json", **named)
    [problem] = identify(folder).problems
    word = "AutoencoderTiny" if "vae" in named else str(next(iter(named.values()))[0])
    assert problem.code == "E-MODEL-KIND" and word in problem.en and next(iter(named)) in problem.en


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unet/config.json", '{"in_channels": null}'),
        ("unet/config.json", '{"in_channels": [4, 9]}'),
        ("unet/config.json", '{"cross_attention_dim": "768"}'),
        ("unet/config.json", '{"in_channels": ' + "1" * 5000 + "}"),
        ("unet/config.json", '{"in_channels": 1e999}'),
        ("unet/config.json", "[" * 100_000),
        ("unet/config.json", "[]"),
        ("unet/config.json", "{"),
        ("unet/config.json", b"\xff\xfe"),
        ("scheduler/scheduler_config.json", "null"),
        ("model_index.json", "[]"),
        ("model_index.json", '{"_class_name": ["a", "B"]}'),
    ],
)
def test_a_config_of_odd_values_is_a_problem_and_no_exception(tmp_path, name, text):
    folder = make_tiny_folder(tmp_path / "x")
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    [problem] = identify(folder).problems
    assert problem.code in ("E-MODEL-BAD", "E-MODEL-KIND") and str(folder) in problem.en
    assert len(problem.en) < 400 + len(str(folder))


def test_architectures_that_are_no_list_are_no_stumbling_block(tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": 5}')
    assert identify(tmp_path).problems[0].code == "E-MODEL-KIND"


def test_equal_widths_for_each_block_are_one_width(tmp_path):
    change(make_tiny_folder(tmp_path / "x"), "unet/config.json", cross_attention_dim=[1024] * 4)
    assert identify(tmp_path / "x").family == "sd2"


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8])
def test_quantised_weights_are_refused_by_name(tmp_path, dtype):
    path = make_tiny(tmp_path / "x.safetensors")
    name = "model.diffusion_model.time_embed.0.weight"
    packed = tensors.load(path) | {name: torch.ones(32, 8, dtype=dtype)}
    identity = identify(tensors.save(path, packed, {}))
    assert identity.kind == "model" and identity.problems[0].code == "E-MODEL-DTYPE"
    assert name in identity.problems[0].en and identity.problems[0].path == str(path)


def test_a_yaml_of_nothing_but_lines_is_read_at_once(tmp_path):
    path = make_tiny(tmp_path / "x.safetensors", family="sd2")
    (tmp_path / "x.yaml").write_text("\n" * 65_000)
    assert _seconds(path) < 2


def test_an_alpha_that_is_no_number_is_a_problem(tmp_path):
    broken = lora() | {
        "lora_te_text_model_encoder_layers_0_self_attn_q_proj.alpha": torch.tensor(float("nan"))
    }
    lazy = {
        n: tensors.Lazy(t.dtype, tuple(t.shape), lambda t=t: t, is_checked=False) for n, t in broken.items()
    }
    [problem] = identify(tensors.save(tmp_path / "x.safetensors", lazy, {})).problems
    assert problem.code == "E-MODEL-NAN" and ".alpha" in problem.en
