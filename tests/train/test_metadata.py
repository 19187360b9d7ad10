"""What a saved file says of its training, by the names and values of sd-scripts."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from core.config.schema.run import RunConfig
from core.config.sd_scripts import ALIASES
from core.events import Saved, Warned
from core.formats.header import read_header
from core.formats.weight_file import WeightFile
from core.train.outputs import ss_metadata

# Of a plain run of sd-scripts: 64 general ones (network_args only when given), 16 of folders, 3 of the base.
TRAINING = """session_id training_started_at training_finished_at output_name learning_rate text_encoder_lr
unet_lr num_train_images num_validation_images num_reg_images num_batches_per_epoch num_epochs epoch steps
gradient_checkpointing gradient_accumulation_steps max_train_steps lr_warmup_steps lr_scheduler
network_module network_dim network_alpha network_dropout mixed_precision full_fp16 v2 base_model_version
clip_skip max_token_length cache_latents seed lowram noise_offset multires_noise_iterations
multires_noise_discount adaptive_noise_scale zero_terminal_snr training_comment sd_scripts_commit_hash
optimizer max_grad_norm caption_dropout_rate caption_dropout_every_n_epochs caption_tag_dropout_rate
face_crop_aug_range prior_loss_weight min_snr_gamma scale_weight_norms ip_noise_gamma debiased_estimation
noise_offset_random_strength ip_noise_gamma_random_strength loss_type huber_schedule huber_scale huber_c
fp8_base fp8_base_unet validation_seed validation_split max_validation_steps validate_every_n_epochs
validate_every_n_steps resize_interpolation
batch_size_per_device total_batch_size resolution color_aug flip_aug random_crop shuffle_caption
enable_bucket bucket_no_upscale min_bucket_reso max_bucket_reso keep_tokens dataset_dirs reg_dataset_dirs
tag_frequency bucket_info sd_model_name sd_model_hash new_sd_model_hash"""
SPECIFICATION = """sai_model_spec architecture implementation title resolution date prediction_type
implementation_version"""
KEYS, SPEC = TRAINING.split(), SPECIFICATION.split()
ONE = {"max_train_steps": 1}


def saved(trial) -> Path:
    return Path([event.path for event in trial.of(Saved) if event.kind == "model"][-1])


def metadata(trial) -> dict[str, str]:
    return dict(read_header(saved(trial)).metadata)


def test_the_keys_are_those_of_sd_scripts(configure, train):
    found = metadata(train(configure(train=ONE)))
    expected = {f"ss_{name}" for name in KEYS} | {f"modelspec.{name}" for name in SPEC}
    expected |= {"sshs_model_hash", "sshs_legacy_hash"}
    assert {name for name in found if not name.startswith("rareword")} == expected
    assert len(KEYS) == 83 and len(SPEC) == 8


def test_every_option_that_sd_scripts_records_is_recorded():
    told = ss_metadata.options(RunConfig(), {})
    elsewhere = {
        "max_train_steps", "network_module", "network_dim", "network_alpha", "network_dropout", "v2",
            "zero_terminal_snr",
        *(["color_aug", "flip_aug", "random_crop", "shuffle_caption", "enable_bucket", "bucket_no_upscale"]),
        *(["min_bucket_reso", "max_bucket_reso", "keep_tokens", "resolution"]),
    }  # fmt: skip
    assert {n for n in KEYS if n in ALIASES} - told.keys() == elsewhere


def test_the_values_are_those_of_the_run(configure, train, base):
    options = {
        "train": {"max_train_steps": 2, "gradient_accumulation_steps": 2, "unet_lr": 1e-4},
        "dataset": {"train_batch_size": 3, "enable_bucket": True, "min_bucket_reso": 64},
        "network": {"rank": 2, "alpha": 1.0, "conv_rank": 1, "rank_dropout": 0.1},
        "optimizer": {"optimizer_args": ["weight_decay=0.1"]},
        "save": {"training_comment": "call it sls", "metadata_author": "somebody"},
    }
    trial = train(configure(**options))
    found = metadata(trial)
    data, raw = base.read_bytes(), saved(trial).read_bytes()
    expected = {
        "ss_output_name": "last",
        "ss_unet_lr": "0.0001",
        "ss_text_encoder_lr": "None",
        "ss_learning_rate": "0.01",
        # 3 images, 2 repeats; 2 regularization images as they are, though each is used three times.
        "ss_num_train_images": "6",
        "ss_num_reg_images": "2",
        "ss_num_batches_per_epoch": "4",
        "ss_num_epochs": "1",
        "ss_epoch": "1",
        "ss_steps": "2",
        "ss_max_train_steps": "2",
        "ss_total_batch_size": "6",
        "ss_resolution": "(64, 64)",
        "ss_seed": "7",
        "ss_clip_skip": "None",
        "ss_noise_offset": "None",
        "ss_max_token_length": "None",
        "ss_gradient_checkpointing": "False",
        "ss_base_model_version": "sd_v1",
        "ss_v2": "False",
        "ss_mixed_precision": "no",
        "ss_network_dim": "2",
        "ss_network_alpha": "1.0",
        "ss_network_dropout": "None",
        "ss_network_args": '{"rank_dropout": "0.1", "conv_dim": "1"}',
        "ss_optimizer": "torch.optim.adamw.AdamW(weight_decay=0.1)",
        "ss_training_comment": "call it sls",
        "ss_dataset_dirs": '{"2_sls frog": {"n_repeats": 2, "img_count": 3}}',
        "ss_reg_dataset_dirs": '{"1_frog": {"n_repeats": 1, "img_count": 2}}',
        "ss_bucket_info": '{"buckets": {"0": {"resolution": [64, 64], "count": 12}}, '
        '"mean_img_ar_error": 0.0}',
        "ss_min_bucket_reso": "64",
        "ss_sd_model_name": "tiny.safetensors",
        "ss_sd_model_hash": hashlib.sha256(data[0x100000:0x110000]).hexdigest()[:8],
        "ss_new_sd_model_hash": hashlib.sha256(data).hexdigest(),
        "sshs_model_hash": hashlib.sha256(raw[8 + int.from_bytes(raw[:8], "little") :]).hexdigest(),
        "modelspec.author": "somebody",
        "modelspec.architecture": "stable-diffusion-v1/lora",
    }
    assert {name: found[name] for name in expected} == expected
    assert json.loads(found["ss_tag_frequency"]) == {"2_sls frog": {"sls frog": 3}, "1_frog": {"frog": 2}}
    assert found["modelspec.title"].startswith("LoRA@")


def test_without_metadata_the_file_tells_only_what_it_is(configure, train):
    trial = train(configure(train=ONE, save={"no_metadata": True, "metadata_title": "Frog"}))
    found = metadata(trial)
    kept = {"ss_v2", "ss_base_model_version", "ss_network_module", "ss_network_dim", "ss_network_alpha"}
    assert {name for name in found if not name.startswith("modelspec.")} == kept
    assert found["modelspec.title"] == "Frog" and "sls" not in str(found)


def test_another_vae_is_told_by_name_and_hash(configure, train, base, tmp_path):
    vae = tmp_path / "other.safetensors"
    vae.write_bytes(base.read_bytes())
    (tmp_path / "other_config").symlink_to(base.with_name("tiny_config"))
    found = metadata(train(configure(train=ONE, model={"vae": str(vae)})))
    assert found["ss_vae_name"] == "other.safetensors"
    assert found["ss_new_vae_hash"] == hashlib.sha256(vae.read_bytes()).hexdigest()


def test_a_whole_model_tells_how_it_was_trained_too(configure, train):
    found = metadata(train(configure(train=ONE, network={"method": "none"})))
    network = {"network_module", "network_dim", "network_alpha", "network_dropout"}
    assert {f"ss_{name}" for name in KEYS if name not in network} <= found.keys()
    assert not any(f"ss_{name}" in found for name in network)
    assert found["modelspec.architecture"] == "stable-diffusion-v1"


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([(3, 1.5), (3, 1.5)], (3, 1.5)), ([(3, 1.5), (1, 1.5)], ("Dynamic", "Dynamic"))],
)
def test_ranks_taken_from_a_file_are_told_as_they_are(sizes, expected):
    found = ss_metadata.network(RunConfig(network={"weights": "w", "dim_from_weights": True}), sizes)
    assert (found["network_dim"], found["network_alpha"]) == expected


def test_each_of_several_data_sets_is_told_of(configure, train, images, tmp_path):
    sets = tmp_path / "sets.toml"
    folders = [images / "train" / "2_sls frog", images / "reg" / "1_frog"]
    sets.write_text(
        "[[datasets]]\nresolution = 64\nbatch_size = 2\n"
        f"[[datasets.subsets]]\nimage_dir = '{folders[0]}'\nclass_tokens = 'Sls Frog'\nnum_repeats = 3\n"
        f"[[datasets.subsets]]\nimage_dir = '{folders[1]}'\nclass_tokens = 'frog'\nis_reg = true\n"
        f"[[datasets]]\nresolution = 128\nbatch_size = 1\nenable_bucket = true\nmin_bucket_reso = 64\n"
        f"[[datasets.subsets]]\nimage_dir = '{folders[0]}'\nclass_tokens = 'Sls Frog'\n",
        encoding="utf-8",
    )
    options = {
        "train_data_dir": "",
        "reg_data_dir": None,
        "dataset_config": str(sets),
        "cache_latents": False,
    }
    found = metadata(train(configure(train=ONE, dataset=options)))
    first, second = json.loads(found["ss_datasets"])
    assert (first["resolution"], first["batch_size_per_device"], first["num_train_images"]) == (
        [64, 64],
        2,
        9,
    )
    assert [(s["image_dir"], s["num_repeats"], s["is_reg"]) for s in first["subsets"]] == [
        ("2_sls frog", 3, False),
        ("1_frog", 1, True),
    ]
    assert second["bucket_info"]["buckets"]["0"] == {"resolution": [128, 128], "count": 3}
    assert json.loads(found["ss_tag_frequency"]) == {"2_sls frog": {"sls frog": 3}, "1_frog": {"frog": 2}}
    assert json.loads(found["ss_dataset_dirs"]) == {
        "2_sls frog": {"n_repeats": 3, "img_count": 3},
        "2_sls frog (2)": {"n_repeats": 1, "img_count": 3},
    }
    assert "ss_bucket_info" not in found


def test_a_folder_has_no_hash(tmp_path):
    assert ss_metadata.of_file("sd_model", str(tmp_path), tmp_path)["new_sd_model_hash"] == "IsADirectory"


def test_a_model_of_the_hub_is_told_by_its_id():
    assert ss_metadata.of_file("sd_model", "somebody/model", Path("cache")) == {
        "sd_model_name": "somebody/model"
    }


def test_an_adapter_in_the_names_of_diffusers_is_the_one_in_the_other_names(trained):
    one, other = (
        WeightFile(saved(trained(train=ONE, save={"adapter_names": names})))
        for names in ("kohya", "diffusers")
    )
    assert other.tensors.keys() and all(n.startswith(("unet.", "text_encoder.")) for n in other.tensors)
    module = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    for theirs, ours in {"lora_A": "lora_down", "lora_B": "lora_up"}.items():
        kohya = one.read(f"lora_unet_{module.replace('.', '_')}.{ours}.weight")
        assert torch.equal(other.read(f"unet.{module}.{theirs}.weight"), kohya)
    assert json.loads(other.metadata["lora_adapter_metadata"])["unet.lora_alpha"] == 2.0
    raw = other.path.read_bytes()
    data = raw[8 + int.from_bytes(raw[:8], "little") :]
    assert other.metadata["sshs_model_hash"] == hashlib.sha256(data).hexdigest()


def test_a_run_goes_on_from_the_names_of_diffusers(configure, train, trained):
    start = saved(trained(train=ONE, save={"adapter_names": "diffusers"}))
    trial = train(configure(train=ONE | {"learning_rate": 1e-30}, network={"weights": str(start)}))
    assert not [event for event in trial.of(Warned) if event.problem.code.startswith("W-LORA")]
    before, after = WeightFile(start), WeightFile(saved(trial))
    name = "text_encoder.text_model.encoder.layers.0.mlp.fc1.lora_linear_layer.down.weight"
    kept = after.read("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight")
    torch.testing.assert_close(kept, before.read(name), atol=1e-6, rtol=0)
