"""Settings of SimpleTuner, config.json or config.env, and its data backends -> our options.

Its names and defaults are those of documentation/OPTIONS.md and DATALOADER.md of
https://github.com/bghira/SimpleTuner.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from core.catalog import Words
from core.config.imports import messages, sheet
from core.config.imports.command_line import option_pairs
from core.config.imports.image_folders import CAPTION_FILES, MOST, Folder, dataset_config
from core.config.imports.prompt_lines import line_of
from core.config.imports.sheet import NOT_THERE, SCHEDULES, Sheet, Table, as_number
from core.errors import ConfigError
from core.families import known_as

NAME = "SimpleTuner"
_OPTIMIZERS = {
    "adamw": "AdamW", "adamw_bf16": "AdamW", "adamw_schedulefree": "AdamWScheduleFree",
    "adamw_schedulefree+aggressive": "AdamWScheduleFree", "adamw_schedulefree+no_kahan": "AdamWScheduleFree",
    "bnb-adamw8bit": "AdamW8bit", "bnb-adamw": "AdamW", "bnb-adamw-paged": "PagedAdamW",
    "bnb-adamw8bit-paged": "PagedAdamW8bit", "bnb-lion": "Lion", "bnb-lion8bit": "Lion8bit",
    "bnb-lion-paged": "Lion", "bnb-lion8bit-paged": "PagedLion8bit", "optimi-adamw": "AdamW",
    "optimi-lion": "Lion", "optimi-sgd": "SGDNesterov", "ao-adamw8bit": "AdamW8bit", "torch-adamw": "AdamW",
    "prodigy": "Prodigy", "lion": "Lion", "adamw8bit": "AdamW8bit", "adafactor": "Adafactor",
}  # fmt: skip
_OF_ENVIRONMENT = {
    "model_name": "pretrained_model_name_or_path", "max_num_steps": "max_train_steps",
    "num_epochs": "num_train_epochs", "training_seed": "seed",
    "checkpointing_steps": "checkpoint_step_interval",
    "checkpointing_limit": "checkpoints_total_limit", "lr_schedule": "lr_scheduler",
    "dataloader_config": "data_backend_config", "use_gradient_checkpointing": "gradient_checkpointing",
}  # fmt: skip
"""Variables of config.env, in lower case, that are called otherwise than the options."""
_ABSENT = {
    "mixed_precision": "bf16", "learning_rate": 4e-7, "train_batch_size": 4, "max_grad_norm": 2.0,
    "lr_scheduler": "sine", "resolution": 1024, "resolution_type": "pixel_area", "lora_rank": 16,
}  # fmt: skip
TABLE = Table(
    NAME,
    same={
        "pretrained_model_name_or_path": "model.base", "pretrained_vae_model_name_or_path": "model.vae",
        "learning_rate": "train.learning_rate", "train_batch_size": "dataset.train_batch_size",
        "gradient_accumulation_steps": "train.gradient_accumulation_steps",
        "gradient_checkpointing": "train.gradient_checkpointing", "max_grad_norm": "train.max_grad_norm",
        "lr_warmup_steps": "optimizer.lr_warmup_steps", "lr_num_cycles": "optimizer.lr_scheduler_num_cycles",
        "lr_power": "optimizer.lr_scheduler_power", "snr_gamma": "train.min_snr_gamma",
        "input_perturbation": "train.ip_noise_gamma", "rescale_betas_zero_snr": "train.zero_terminal_snr",
        "caption_dropout_probability": "dataset.caption_dropout_rate",
        "vae_batch_size": "dataset.vae_batch_size",
        "init_lora": "network.weights", "lora_dropout": "network.dropout", "seed": "train.seed",
        "modelspec_comment": "save.training_comment",
    },
    words={
        "optimizer": ("optimizer.optimizer_type", _OPTIMIZERS),
        "lr_scheduler": ("optimizer.lr_scheduler", SCHEDULES),
        "attention_mechanism": ("model.attention", {"diffusers": None, "xformers": "xformers"}),
        "loss_type": ("train.loss_type", {"l2": None, "huber": "huber", "smooth_l1": "smooth_l1"}),
        "huber_schedule": (
            "train.huber_schedule", {name: name for name in ("snr", "exponential", "constant")},
        ),
        "prediction_type": (
            "model.prediction", {"v_prediction": "v", "epsilon": "epsilon"},
        ),
    },
    passed=(
        "model_flavour", "output_dir", "resume_from_checkpoint", "push_*", "hub_*", "report_to",
        "tracker_*", "logging_dir", "disable_*", "validation_torch_compile*", "validation_*",
        "num_validation_images", "base_model_precision", "quantize_*", "aspect_bucket_*",
        "minimum_image_size", "maximum_image_size", "target_downsample_size", "num_eval_images",
        "eval_*", "evaluation_type", "user_prompt_library", "compress_disk_cache", "cache_*",
        "lora_format", "lora_init_type", "keep_vae_loaded", "vae_cache_*", "vae_enable_*", "vae_dtype",
        "delete_*", "write_batch_size", "read_batch_size", "max_workers", "image_processing_batch_size",
        "dataloader_*", "offload_*", "enable_group_offload", "group_offload_*", "flow_*", "flux_*",
        "text_encoder_*_precision", "ema_*", "use_ema", "training_num_processes", "i_know*",
        "accelerate_*", "torch*", "trust_remote_code", "override_dataset_config", "dynamo_*",
        "num_*processes", "mixed_precision_*", "skip_file_discovery", "preserve_data_backend_cache",
        "checkpointing_*", "ramtorch*", "musubi_*", "attention_*", "data_backend_sampling",
        "gradient_checkpointing_*", "gradient_precision", "stop_*", "trainer_extra_args",
        "lycoris_config", "noise_offset*", "offset_noise", "huber_c", "ignore_*", "lr_end",
        "base_model_default_dtype", "save_*", "allow_*", "variant", "tokenizer_max_length", "webhook_*",
        "framerate", "text_cache_*", "text_embed_*", "fuse_*",
    ),
    left={
        "use_dora": (Words("DoRA is not available", "DoRAには対応していません"), ()),
        "controlnet": (NOT_THERE, ()), "control": (NOT_THERE, ()),
        "optimizer_config": (
            Words("write it into optimizer.optimizer_args", "optimizer.optimizer_argsに書いてください"), (),
        ),
        "refiner_training": (NOT_THERE, ()),
        "use_soft_min_snr": (NOT_THERE, ()),
        "layer_freeze_strategy": (NOT_THERE, ("none",)),
        "twinflow_enabled": (NOT_THERE, ()),
    },
    used=frozenset((
        "model_family", "model_type", "lora_type", "lora_rank", "lora_alpha", "max_train_steps",
        "num_train_epochs", "train_text_encoder", "text_encoder_lr", "resolution", "resolution_type",
        "mixed_precision", "checkpoint_step_interval", "checkpoint_epoch_interval",
        "checkpoints_total_limit", "data_backend_config", "instance_data_dir", "instance_prompt",
        "caption_strategy",
    )),
)  # fmt: skip

_VARIABLE = re.compile(r"""^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=("[^"]*"|'[^']*'|[^\s#]*)""", re.MULTILINE)


def variables(text: str) -> dict[str, Any]:
    """The settings of a config.env, by the names of its options."""
    found: dict[str, Any] = {}
    for name, value in _VARIABLE.findall(text):
        plain = value[1:-1] if value[:1] in "\"'" and len(value) > 1 else value
        found[_OF_ENVIRONMENT.get(name.lower(), name.lower())] = plain
    extra = str(found.pop("trainer_extra_args", ""))
    return {**found, **dict(option_pairs(extra, []))}


def read(document: Mapping[str, Any]) -> Sheet:
    """What its options say, with or without their dashes. Raises ConfigError for models that are not here."""
    given = {str(name).lstrip("-"): sheet.typed(value) for name, value in document.items()}
    if not {"model_family", "pretrained_model_name_or_path"} & set(given):
        raise ConfigError(messages.NO_JOB(program=NAME))
    found = Sheet({**_ABSENT, **given})
    _family(found)
    kind = found.text("model_type", "full")
    if kind not in ("lora", "full"):
        raise ConfigError(messages.TRAINING_KIND(program=NAME, kind=kind))
    sheet.read_table(TABLE, found)
    _network(found, kind)
    _train(found, kind)
    _noise(found)
    _saves(found)
    _samples(found)
    if folder := found.text("instance_data_dir"):
        found.datasets = dataset_config([Folder(folder)], {"caption_extension": ".txt"})
    elif file := found.text("data_backend_config"):
        found.notes.append(messages.ELSEWHERE(what=Words("images", "画像"), file=file))
    return found


def _family(found: Sheet) -> None:
    family = found.text("model_family").lower()
    spec = known_as(family)
    if family and spec is None:
        raise sheet.refuse_family(family)
    if spec:
        found.put("model_family", "model.family", spec.name)


def _network(found: Sheet, kind: str) -> None:
    found.put("model_type", "network.method", "lora" if kind == "lora" else "none")
    if kind != "lora":
        return
    if (own := found.text("lora_type", "standard")) != "standard":
        found.leave("lora_type", Words("read as LoRA", "LoRAとして読みました"), own)
    rank = int(found.number("lora_rank", 16))
    found.put("lora_rank", "network.rank", rank)
    found.put("lora_alpha", "network.alpha", found.number("lora_alpha", rank))


def _train(found: Sheet, kind: str) -> None:
    steps, epochs = int(found.number("max_train_steps")), int(found.number("num_train_epochs"))
    if steps > 0:
        found.put("max_train_steps", "train.max_train_steps", steps)
    elif epochs > 0:
        found.put("num_train_epochs", "train.max_train_epochs", epochs)
    is_text = found.is_on("train_text_encoder")
    rate = found.number("text_encoder_lr", found.number("learning_rate")) if is_text else 0.0
    found.put("train_text_encoder", "train.text_encoder_lr", rate)
    precision = found.text("mixed_precision", "bf16")
    known = {"bf16": "bf16", "fp16": "fp16", "no": "no"}.get(precision)
    if known is None:
        found.leave("mixed_precision", Words("read as bf16", "bf16として読みました"))
    is_bf16 = kind == "full" and known == "bf16" and found.text("optimizer").endswith("bf16")
    found.put("mixed_precision", "train.precision", "full_bf16" if is_bf16 else known or "bf16")
    found.put("resolution", "dataset.resolution", _side(found))
    found.put("data_backend_config", "dataset.enable_bucket", True)
    if found.is_on("use_ema"):
        found.put("use_ema", "train.ema_decay", found.number("ema_decay", 0.995))


def _side(found: Sheet) -> int:
    """A side in pixels; in type "area" the resolution is in millions of pixels."""
    given = found.number("resolution", 1024)
    is_area = found.text("resolution_type", "pixel_area") == "area"
    pixels = math.sqrt(given * 1e6) if is_area and given < 64 else given
    return max(64, round(pixels / 64) * 64)


def _noise(found: Sheet) -> None:
    if found.is_on("offset_noise"):
        found.put("noise_offset", "train.noise_offset", found.number("noise_offset", 0.1))
    if found.text("loss_type") in ("huber", "smooth_l1") and "huber_c" in found.values:
        found.put("huber_c", "train.huber_c", found.number("huber_c", 0.1))


def _saves(found: Sheet) -> None:
    every = int(found.number("checkpoint_step_interval"))
    epochs, most = (
        int(found.number(name)) for name in ("checkpoint_epoch_interval", "checkpoints_total_limit")
    )
    if every > 0:
        found.put("checkpoint_step_interval", "save.save_every_n_steps", every)
        if most > 0:
            found.put("checkpoints_total_limit", "save.save_last_n_steps", max(1, (most - 1) * every))
    if epochs > 0:
        found.put("checkpoint_epoch_interval", "save.save_every_n_epochs", epochs)
        if most > 0:
            found.put("checkpoints_total_limit", "save.save_last_n_epochs", most)


def _samples(found: Sheet) -> None:
    width, _, height = found.text("validation_resolution").lower().partition("x")
    line = line_of(
        found.values.get("validation_prompt"),
        negative=found.values.get("validation_negative_prompt"),
        width=width,
        height=height or width,
        steps=found.values.get("validation_num_inference_steps"),
        guidance=found.values.get("validation_guidance"),
        seed=found.values.get("validation_seed"),
    )
    if not line:
        return
    found.put("validation_prompt", "sample.sample_prompts", [line])
    for names, key in (
        (("validation_step_interval", "validation_steps"), "sample.sample_every_n_steps"),
        (("validation_epoch_interval",), "sample.sample_every_n_epochs"),
    ):
        name = next((name for name in names if found.number(name) > 0), "")
        if name:
            found.put(name, key, int(found.number(name)))


def is_backends(document: Any) -> bool:
    """Whether a JSON list is a multidatabackend.json."""
    return (
        isinstance(document, list)
        and bool(document)
        and all(isinstance(item, dict) for item in document)
        and any({"instance_data_dir", "dataset_type", "caption_strategy"} & set(item) for item in document)
    )


def read_backends(document: list[dict[str, Any]]) -> Sheet:
    """The image folders that a multidatabackend.json names."""
    found = Sheet({})
    folders: list[Folder] = []
    for item in document[:MOST]:
        if item.get("dataset_type", "image") != "image" or item.get("disabled") is True:
            continue
        name = str(item.get("id", ""))[:60]
        path = item.get("instance_data_dir")
        if item.get("type", "local") != "local" or not isinstance(path, str) or not path.strip():
            found.leave(
                name,
                Words("only folders on this computer", "このコンピューターのフォルダーだけです"),
                item.get("type"),
            )
            continue
        folders.append(_backend(item, path.strip(), name, found))
    if not folders:
        raise ConfigError(messages.NO_FOLDERS(program=NAME), *found.notes)
    found.datasets = dataset_config(folders, {"caption_extension": ".txt"})
    return found


def _backend(item: Mapping[str, Any], path: str, name: str, found: Sheet) -> Folder:
    settings: dict[str, Any] = {}
    if (repeats := int(as_number(item.get("repeats")))) > 0:
        settings["num_repeats"] = repeats + 1  # it counts how often images are seen again
    strategy = item.get("caption_strategy", "textfile")
    if strategy == "instanceprompt" and isinstance(item.get("instance_prompt"), str):
        settings["class_tokens"] = item["instance_prompt"]
    elif strategy != "textfile":
        found.leave(f"{name}.caption_strategy", CAPTION_FILES, strategy)
    return Folder(path, settings)
