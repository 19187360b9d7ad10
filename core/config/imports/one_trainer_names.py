"""The names of OneTrainer's settings and what they mean here.

Its names and defaults are those of TrainConfig.py, ConceptConfig.py and SampleConfig.py of
https://github.com/Nerogar/OneTrainer: a file names only what departs from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalog import Words
from core.config.imports.sheet import NOT_THERE, Table

NAME = "OneTrainer"
_OPTIMIZERS: Mapping[str, Any] = {
    **{name: "AdamW" for name in ("adamw", "adam")},
    **{name: "AdamW8bit" for name in ("adamw_8bit", "adam_8bit")},
    "lion": "Lion", "lion_8bit": "Lion8bit", "sgd": "SGDNesterov", "sgd_8bit": "SGDNesterov8bit",
    "adafactor": "Adafactor", "prodigy": "Prodigy", "dadapt_adam": "DAdaptAdam",
    "dadapt_ada_grad": "DAdaptAdaGrad", "dadapt_adan": "DAdaptAdan", "dadapt_lion": "DAdaptLion",
    "dadapt_sgd": "DAdaptSGD", "schedule_free_adamw": "AdamWScheduleFree",
    "schedule_free_sgd": "SGDScheduleFree",
}  # fmt: skip
SCHEDULES = {
    "constant": "constant", "linear": "linear", "cosine": "cosine", "adafactor": "adafactor",
    "cosine_with_restarts": "cosine_with_restarts", "cosine_with_hard_restarts": "cosine_with_restarts",
}  # fmt: skip
_FORMATS = {
    "safetensors": "safetensors", "original_single_file": "safetensors", "legacy_safetensors": "safetensors",
    "ckpt": "ckpt", "diffusers": "diffusers_safetensors",
    **dict.fromkeys(("kohya_lora", "diffusers_lora", "original_lora", "comfy_lora", "legacy_lora")),
}  # fmt: skip
"""Layouts of a LoRA say nothing: files here have the names that kohya's scripts write."""
PRECISIONS = {"float_16": "fp16", "bfloat_16": "bf16", "float_32": "no", "tfloat_32": "no"}
_SAVED_AS = {"float_16": "fp16", "bfloat_16": "bf16", "float_32": "float"}
SAMPLERS = {
    "DDIM": "ddim", "EULER": "euler", "EULER_A": "euler_a", "DPMPP": "dpmsolver++", "EULER_KARRAS": "euler",
    "DPMPP_KARRAS": "dpmsolver++",
}  # fmt: skip
ARGUMENTS = (
    "weight_decay", "eps", "momentum", "dampening", "d_coef", "d0", "decouple", "use_bias_correction",
    "safeguard_warmup", "scale_parameter", "relative_step", "warmup_init", "clip_threshold", "decay_rate",
    "growth_rate", "nesterov",
)  # fmt: skip
ABSENT = {
    "learning_rate": 3e-6, "learning_rate_warmup_steps": 200, "learning_rate_scheduler": "CONSTANT",
    "epochs": 100, "batch_size": 1, "resolution": "512", "train_dtype": "FLOAT_16", "latent_caching": True,
    "aspect_ratio_bucketing": True, "clip_grad_norm": 1.0, "gradient_checkpointing": "ON",
    "optimizer.optimizer": "ADAMW", "lora_rank": 16, "lora_alpha": 1.0, "layer_filter_preset": "full",
}  # fmt: skip
"""Its defaults, where ours are others or a rule below needs them."""

_ITS_OWN_LOSS = Words("this term of the loss is not available", "この損失の項はありません")
TABLE = Table(
    NAME,
    same={
        "base_model_name": "model.base", "vae.model_name": "model.vae",
        "batch_size": "dataset.train_batch_size",
        "epochs": "train.max_train_epochs",
        "gradient_accumulation_steps": "train.gradient_accumulation_steps",
        "aspect_ratio_bucketing": "dataset.enable_bucket", "latent_caching": "dataset.cache_latents",
        "clip_grad_norm": "train.max_grad_norm", "offset_noise_weight": "train.noise_offset",
        "rescale_noise_scheduler_to_zero_terminal_snr": "train.zero_terminal_snr",
        "masked_training": "train.masked_loss",
        "masked_prior_preservation_weight": "train.masked_prior_weight", "lora_model_name": "network.weights",
        "text_encoder.dropout_probability": "dataset.caption_dropout_rate",
        "save_filename_prefix": "save.output_name", "seed": "train.seed",
    },
    words={
        "optimizer.optimizer": ("optimizer.optimizer_type", _OPTIMIZERS),
        "output_model_format": ("save.save_model_as", _FORMATS),
        "output_dtype": ("save.save_precision", _SAVED_AS),
        "gradient_checkpointing": (
            "train.gradient_checkpointing",
            {"on": True, "off": False, "true": True, "false": False, "cpu_offloaded": True},
        ),
    },
    passed=(
        "__version", "debug_*", "workspace_dir", "cache_dir", "huggingface_cache_dir", "offline_mode",
        "tensorboard*", "device_indexes", "*_device", "gradient_reduce*", "*_gradient_reduce*",
        "async_offloading", "enable_*_offloading", "compile*", "clear_cache_before_training",
        "dataloader_threads", "fallback_train_dtype", "enable_autocast_cache", "frames",
        "vb_loss_strength", "noising_*", "timestep_*", "dynamic_timestep_shifting", "prior.*",
        "transformer.*", "unconditional_transformer.*", "quantization.*", "text_encoder_3*",
        "text_encoder_4*", "text_encoder*_sequence_length", "effnet_encoder.*", "decoder*",
        "embedding*", "cloud*", "secrets*", "lokr_*", "oft_*", "lora_decompose_*", "lora_weight_dtype",
        "bundle_additional_embeddings", "optimizer_defaults*", "sample_*_format", "sample_skip_first",
        "samples_to_tensorboard", "non_ema_sampling", "*.weight_dtype", "*.include", "*.train",
        "*.learning_rate", "*.guidance_scale", "*.stop_training_after*", "ema_update_step_interval",
        "backup_*", "rolling_backup*", "save_skip_first", "optimizer.*", "continue_last_backup",
        "prevent_overwrites", "include_train_config", "attention_mechanism", "loss_weight_strength",
        "huber_delta", "layer_filter_regex", "validate_after*", "only_cache", "preserve_embedding_norm",
        "vae.*", "unet.attention_mask", "text_encoder*.attention_mask", "scheduler_params",
        "learning_rate_cycles", "layer_offload_fraction", "train_any_*", "lora_layers*",
        "huber_strength_schedule", "unmasked_probability", "unmasked_weight",
    ),
    left={
        "lora_decompose": (Words("DoRA is not available", "DoRAには対応していません"), ()),
        "log_cosh_strength": (_ITS_OWN_LOSS, ()),
        "dropout_probability": (NOT_THERE, ()),
        "perturbation_noise_weight": (
            Words(
                "it is added to the noise and to its target; train.ip_noise_gamma is added to the input only",
                "ノイズとその目標の両方に加わります（train.ip_noise_gammaは入力だけに加えます）",
            ),
            (),
        ),
        "generalized_offset_noise": (NOT_THERE, ()),
        "normalize_masked_area_loss": (NOT_THERE, ()),
        "custom_conditioning_image": (NOT_THERE, ()),
        "force_circular_padding": (NOT_THERE, ()),
        "timestep_distribution": (
            Words("timesteps are drawn evenly here", "時刻は一様に選びます"), ("UNIFORM",),
        ),
        "loss_scaler": (NOT_THERE, ("NONE",)),
        "validation": (
            Words("set dataset.validation_split instead", "代わりにdataset.validation_splitを指定します"), (),
        ),
        "multi_gpu": (Words("one GPU is used", "使うGPUは1台です"), ()),
    },
    used=frozenset((
        "training_method", "learning_rate", "model_type", "resolution", "concepts", "concept_file_name",
        "samples", "sample_definition_file_name", "sample_after", "sample_after_unit", "save_every",
        "save_every_unit", "learning_rate_scheduler", "custom_learning_rate_scheduler",
        "learning_rate_warmup_steps", "learning_rate_min_factor", "learning_rate_scaler", "ema",
        "ema_decay", "train_dtype", "mse_strength", "mae_strength", "huber_strength", "loss_weight_fn",
        "min_noising_strength", "max_noising_strength", "force_v_prediction",
        "force_epsilon_prediction", "layer_filter", "layer_filter_preset", "peft_type", "lora_rank",
        "lora_alpha", "text_encoder_layer_skip", "text_encoder_2_layer_skip",
        "output_model_destination", "additional_embeddings", "optimizer.fused_back_pass",
    )),
)  # fmt: skip
