"""Settings of OneTrainer, ai-toolkit and SimpleTuner: taken as far as they go, with what was not taken."""

import json
import tomllib

import pytest

from core.config.imports.read_any import import_text
from core.errors import ConfigError

ONETRAINER = {
    "__version": 10, "training_method": "LORA", "model_type": "STABLE_DIFFUSION_15",
    "base_model_name": "m.safetensors", "learning_rate": 0.0003, "lora_rank": 8, "lora_alpha": 4.0,
    "batch_size": 4, "epochs": 20, "resolution": "512x768", "train_dtype": "BFLOAT_16",
    "optimizer": {"optimizer": "ADAMW_8BIT", "weight_decay": 0.02, "beta1": 0.9, "beta2": 0.99},
    "learning_rate_scheduler": "COSINE", "learning_rate_min_factor": 0.1, "learning_rate_warmup_steps": 0.05,
    "text_encoder": {"train": True, "learning_rate": 5e-5, "stop_training_after": 5,
                     "stop_training_after_unit": "EPOCH"},
    "ema": "GPU", "ema_decay": 0.99, "loss_weight_fn": "MIN_SNR_GAMMA", "loss_weight_strength": 5,
    "max_noising_strength": 0.8, "perturbation_noise_weight": 0.1, "brand_new": 3,
    "save_every": 2, "save_every_unit": "EPOCH", "sample_after": 100, "sample_after_unit": "STEP",
    "samples": [{"prompt": "sls frog", "negative_prompt": "blur", "width": 512, "height": 768, "seed": 7,
                 "diffusion_steps": 20, "cfg_scale": 6.5, "noise_scheduler": "EULER_A"}, {"enabled": False}],
    "concepts": [
        {"path": "/i/frog", "balancing": 3.0, "text": {"enable_tag_shuffling": True, "keep_tags_count": 2}},
        {"path": "/i/off", "enabled": False}, {"path": "/i/test", "type": "VALIDATION"},
    ],
}  # fmt: skip
AI_TOOLKIT = """---
job: extension
config:
  name: "my_lora"
  process:
    - type: 'sd_trainer'
      trigger_word: sks
      network: {type: lora, linear: 16, linear_alpha: 8, conv: 4}
      save: {dtype: float16, save_every: 250, max_step_saves_to_keep: 4}
      datasets:
        - {folder_path: "/i/dogs", caption_ext: txt, caption_dropout_rate: 0.05, resolution: [512, 1024]}
      train:
        {batch_size: 2, steps: 1500, lr: 1e-4, optimizer: adamw8bit, dtype: bf16, skip_first_sample: true,
         noise_scheduler: ddpm, max_denoising_steps: 899, ema_config: {use_ema: true, ema_decay: 0.99}}
      model: {name_or_path: "x/y", is_xl: true, quantize: true}
      sample: {sample_every: 200, width: 768, height: 1024, prompts: ["a [trigger] dog"], neg: "blur",
               seed: 42, walk_seed: true, guidance_scale: 7, sample_steps: 20}
"""
SIMPLETUNER = {
    "--model_type": "lora", "--model_family": "sdxl", "--pretrained_model_name_or_path": "x/y",
    "--learning_rate": "1e-4", "--seed": 42, "--lora_rank": 16, "--max_train_steps": 1000,
    "--num_train_epochs": 0, "--checkpoint_step_interval": 200, "--checkpoints_total_limit": 3,
    "--train_batch_size": 2, "--resolution": 1.0, "--resolution_type": "area", "--mixed_precision": "bf16",
    "--optimizer": "bnb-adamw8bit", "--lr_scheduler": "cosine", "--lr_warmup_steps": 100,
    "--validation_prompt": "a dog", "--validation_resolution": "1024x768", "--validation_seed": 3,
    "--validation_guidance": 5.5, "--validation_num_inference_steps": "25", "--validation_step_interval": 50,
    "--data_backend_config": "config/images.json", "--gradient_checkpointing": "true",
}  # fmt: skip
BACKENDS = [
    {"id": "dogs", "type": "local", "instance_data_dir": "/i/dogs", "repeats": 4,
     "caption_strategy": "textfile"},
    {"id": "one", "type": "local", "instance_data_dir": "/i/one", "caption_strategy": "instanceprompt",
     "instance_prompt": "sks dog"},
    {"id": "far", "type": "aws", "aws_bucket_name": "b"}, {"id": "text", "dataset_type": "text_embeds"},
]  # fmt: skip


def taken(given):
    return import_text(given if isinstance(given, str) else json.dumps(given))


def said(found, lang="en"):
    return [problem.text(lang) for problem in found.report]


def images(found):
    [data] = tomllib.loads(found.datasets)["datasets"]
    return data["subsets"]


def refusal(given):
    with pytest.raises(ConfigError) as caught:
        taken(given)
    return caught.value.problems[0]


def test_a_json_of_onetrainer_is_taken_with_its_units_turned_into_ours():
    found = taken(ONETRAINER)
    expected = {
        "model.family": "sd1", "model.base": "m.safetensors", "network.method": "lora", "network.rank": 8,
        "network.alpha": 4.0, "network.conv_rank": 8, "dataset.resolution": [512, 768],
        "dataset.train_batch_size": 4, "train.max_train_epochs": 20, "train.precision": "bf16",
        "train.learning_rate": 0.0003, "train.text_encoder_lr": 5e-5,
        "train.stop_text_encoder_training": 0.25, "train.ema_decay": 0.99, "train.min_snr_gamma": 5,
        "train.max_timestep": 800, "optimizer.optimizer_type": "AdamW8bit",
        "optimizer.lr_scheduler": "cosine_with_min_lr", "optimizer.lr_scheduler_min_lr_ratio": 0.1,
        "optimizer.lr_warmup_steps": 0.05, "save.save_every_n_epochs": 2, "sample.sample_every_n_steps": 100,
        "sample.sample_prompts": ["sls frog --n blur --w 512 --h 768 --s 20 --l 6.5 --d 7 --ss euler_a"],
    }  # fmt: skip
    assert {key: found.values[key] for key in expected} == expected
    assert found.values["optimizer.optimizer_args"] == ["weight_decay=0.02", "betas=0.9,0.99"]


def test_concepts_become_image_folders_and_those_that_are_not_trained_are_left_out():
    found = taken(ONETRAINER)
    assert images(found) == [
        {"image_dir": "/i/frog", "num_repeats": 3, "shuffle_caption": True, "keep_tokens": 2}
    ]
    assert "concepts = '/i/test' was not taken: concepts of type VALIDATION." in said(found)


def test_onetrainer_s_priors_are_taken():
    concepts = [{"path": "/i/frog"}, {"path": "/i/any", "type": "PRIOR_PREDICTION"}]
    more = {"concepts": concepts, "masked_training": True, "masked_prior_preservation_weight": 0.5}
    found = taken(ONETRAINER | more)
    assert images(found)[1] == {"image_dir": "/i/any", "num_repeats": 1, "is_reg": True}
    assert found.values["train.prior_prediction"] is True and found.values["train.masked_prior_weight"] == 0.5


def test_ai_toolkit_s_differential_output_preservation_is_taken():
    given = "{diff_output_preservation: true, diff_output_preservation_class: dog, "
    found = taken(AI_TOOLKIT.replace("{batch_size", f"{given}batch_size"))
    expected = {
        "train.class_prior_weight": 1.0, "train.class_prior_identifier": "sks",
        "train.class_prior_class": "dog",
    }  # fmt: skip
    assert {key: found.values[key] for key in expected} == expected
    assert "train.class_prior_weight" not in taken(AI_TOOLKIT).values


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_read_as_something_else_and_what_is_not_taken_is_told_by_name(lang):
    lines = " / ".join(said(taken(ONETRAINER), lang))
    assert "lora_rank" in lines and "network.rank = 8" in lines
    assert "perturbation_noise_weight = 0.1" in lines and "train.ip_noise_gamma" in lines
    assert "OneTrainer" in lines and "brand_new" in lines and "optimizer.weight_decay" not in lines


def test_what_a_onetrainer_file_leaves_out_is_as_onetrainer_has_it():
    values = taken({"training_method": "FINE_TUNE", "base_model_name": "m"}).values
    assert (values["train.learning_rate"], values["train.max_train_epochs"]) == (3e-6, 100)
    assert (values["optimizer.lr_scheduler"], values["optimizer.lr_warmup_steps"]) == (
        "constant_with_warmup", 200,
    )  # fmt: skip
    assert values["train.precision"] == "fp16" and values["network.method"] == "none"


def test_learning_rates_that_onetrainer_scales_with_the_batch_are_taken_as_scaled():
    scaled = {**ONETRAINER, "learning_rate_scaler": "BATCH"}
    values = taken(scaled).values
    assert (values["train.learning_rate"], values["train.text_encoder_lr"]) == (0.0006, 1e-4)


def test_adafactor_of_onetrainer_keeps_the_learning_rate_that_is_set():
    found = taken({**ONETRAINER, "optimizer": {"optimizer": "ADAFACTOR", "weight_decay": 0.0}})
    assert "relative_step=False" in found.values["optimizer.optimizer_args"]


def test_a_job_of_ai_toolkit_in_yaml_is_taken():
    found = taken(AI_TOOLKIT)
    expected = {
        "model.family": "sdxl", "model.base": "x/y", "save.output_name": "my_lora", "network.rank": 16,
        "network.alpha": 8, "network.conv_rank": 4, "network.conv_alpha": 4.0, "train.learning_rate": 1e-4,
        "train.max_train_steps": 1500, "train.text_encoder_lr": 0.0, "train.precision": "bf16",
        "train.max_timestep": 900, "train.ema_decay": 0.99, "dataset.train_batch_size": 2,
        "train.gradient_checkpointing": True, "optimizer.optimizer_type": "AdamW8bit",
        "save.save_precision": "fp16", "save.save_every_n_steps": 250, "save.save_last_n_steps": 750,
        "dataset.resolution": 1024, "dataset.enable_bucket": True, "sample.sample_every_n_steps": 200,
        "sample.sample_prompts": ["a sks dog --n blur --w 768 --h 1024 --s 20 --l 7 --d 42"],
    }  # fmt: skip
    assert {key: found.values[key] for key in expected} == expected
    assert "sample.sample_at_first" not in found.values
    subset = {"image_dir": "/i/dogs", "caption_extension": ".txt", "caption_dropout_rate": 0.05}
    assert images(found) == [subset]
    assert any("datasets.resolution = [512, 1024] was not taken" in line for line in said(found))


def test_the_same_job_in_json_comes_to_the_same():
    import yaml

    assert taken(yaml.safe_load(AI_TOOLKIT)).values == taken(AI_TOOLKIT).values


def test_a_config_of_simpletuner_is_taken_and_its_area_in_megapixels_becomes_a_side():
    found = taken(SIMPLETUNER)
    expected = {
        "model.family": "sdxl", "model.base": "x/y", "network.rank": 16, "network.alpha": 16.0,
        "train.max_train_steps": 1000, "train.learning_rate": 1e-4, "train.text_encoder_lr": 0.0,
        "dataset.resolution": 1024, "save.save_every_n_steps": 200, "save.save_last_n_steps": 400,
        "optimizer.optimizer_type": "AdamW8bit", "optimizer.lr_warmup_steps": 100, "train.seed": 42,
        "train.max_grad_norm": 2.0, "sample.sample_every_n_steps": 50, "train.gradient_checkpointing": True,
        "sample.sample_prompts": ["a dog --w 1024 --h 768 --s 25 --l 5.5 --d 3"],
    }  # fmt: skip
    assert {key: found.values[key] for key in expected} == expected
    assert any("images are in config/images.json" in line for line in said(found))
    assert taken({name.strip("-"): value for name, value in SIMPLETUNER.items()}).values == found.values


def test_variables_of_a_config_env_are_its_options():
    text = "export MODEL_FAMILY='sdxl'\nexport MODEL_TYPE=lora\nexport MODEL_NAME=\"x/y\"\n"
    text += "export MAX_NUM_STEPS=300\nexport TRAINER_EXTRA_ARGS='--lora_rank=8 --snr_gamma 5'\n"
    values = taken(text).values
    assert (values["model.base"], values["train.max_train_steps"]) == ("x/y", 300)
    assert (values["network.rank"], values["train.min_snr_gamma"]) == (8, 5)


def test_the_image_folders_of_simpletuner_are_taken_and_its_repeats_count_the_first_time():
    found = taken(BACKENDS)
    assert not found.values and images(found) == [
        {"image_dir": "/i/dogs", "num_repeats": 5},
        {"image_dir": "/i/one", "class_tokens": "sks dog"},
    ]
    assert any("far = 'aws' was not taken" in line for line in said(found))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"training_method": "LORA", "model_type": "FLUX_DEV_1"}, "Flux Dev 1"),
        ({"training_method": "LORA", "model_type": "STABLE_DIFFUSION_15_INPAINTING"}, "Inpainting"),
        ({"training_method": "EMBEDDING", "model_type": "STABLE_DIFFUSION_15"}, "textual inversion"),
        (AI_TOOLKIT.replace("is_xl", "is_flux"), "flux"),
        (AI_TOOLKIT.replace("is_xl: true", "arch: wan21:14b"), "wan21"),
        (AI_TOOLKIT.replace("sd_trainer", "slider"), "slider"),
        ({**SIMPLETUNER, "--model_family": "flux"}, "flux"),
        ({"--model_family": "sdxl", "--model_type": "controlnet"}, "controlnet"),
    ],
)  # fmt: skip
def test_models_and_trainings_that_are_not_here_are_refused_by_their_name(given, name):
    problem = refusal(given)
    assert problem.code == "E-IMPORT-FAMILY" and name in problem.en and problem.ja


@pytest.mark.parametrize(
    "given",
    [
        {"job": "x", "config": 3},
        {"job": "x", "config": {"process": []}},
        {"training_method": 5, "optimizer": [], "concepts": 7, "samples": [1, None, {"prompt": 4}]},
        {"training_method": "LORA", "concepts": [{"path": [], "text": 3}, 4], "resolution": None},
        {"training_method": "LORA", "resolution": "x,,", "lora_rank": "nan", "learning_rate": 10**400},
        {"--model_family": ["sdxl"], "--resolution": {}, "--checkpoint_step_interval": "inf"},
        [{"id": {}, "instance_data_dir": 5, "type": 3}],
        "job: extension\nconfig:\n  process:\n  - &a {type: sd_trainer, x: *a}\n",
        "job: x\nconfig:\n  process: [" + "[" * 500,
        "job: !!python/object/apply:os.system ['true']\nconfig:\n  process: x\n",
    ],
)
def test_odd_values_are_refused_or_left_out_and_never_a_fault_of_the_program(given):
    try:
        taken(given)
    except ConfigError as refused:
        assert all("not understood" not in problem.en for problem in refused.problems)


def test_yaml_that_refers_to_itself_is_refused_before_it_grows():
    lol = "job: x\nconfig:\n  process: x\na0: &a0 [x,x]\n"
    lol += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert refusal(lol).code == "E-CFG-SYNTAX"
