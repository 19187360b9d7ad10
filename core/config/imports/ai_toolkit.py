"""A job of ai-toolkit, YAML or JSON -> our options.

Its names and defaults are those of toolkit/config_modules.py of https://github.com/ostris/ai-toolkit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalog import Words
from core.config.imports import messages, sheet
from core.config.imports.image_folders import MOST, Folder, dataset_config, ending
from core.config.imports.prompt_lines import line_of
from core.config.imports.sheet import NOT_THERE, SCHEDULES, Sheet, Table, as_number, is_off
from core.errors import ConfigError
from core.families import known_as

NAME = "ai-toolkit"
_TRAINERS = ("sd_trainer", "diffusion_trainer", "ui_trainer")
_OLD_MARKS = {
    "is_v2": "is_v2", "is_xl": "is_xl", "is_v3": "sd3", "is_flux": "flux", "is_pixart": "pixart",
    "is_pixart_sigma": "pixart", "is_auraflow": "auraflow", "is_lumina2": "lumina2", "is_ssd": "SSD-1B",
    "is_vega": "Segmind Vega",
}  # fmt: skip
"""Switches of its model table before it had `arch`."""
_OPTIMIZERS = {
    "adamw": "AdamW", "adam": "AdamW", "adamw8bit": "AdamW8bit", "adam8bit": "AdamW8bit", "lion": "Lion",
    "lion8bit": "Lion8bit", "prodigy": "Prodigy", "adafactor": "Adafactor", "dadaptation": "DAdaptAdam",
    "dadaptadam": "DAdaptAdam", "dadaptlion": "DAdaptLion", "dadaptadan": "DAdaptAdan",
}  # fmt: skip
_PRECISIONS = {
    "bf16": "bf16", "bfloat16": "bf16", "fp16": "fp16", "float16": "fp16", "float": "no", "float32": "no",
    "fp32": "no",
}  # fmt: skip
_SAVED_AS = {
    "bf16": "bf16", "bfloat16": "bf16", "fp16": "fp16", "float16": "fp16", "float": "float",
    "float32": "float", "fp32": "float",
}  # fmt: skip
_SAMPLERS = {"ddim": "ddim", "euler": "euler", "euler_a": "euler_a", "lms": "lms", "dpmsolver": "dpmsolver++"}
_ABSENT = {
    "train.steps": 1000, "train.lr": 1e-6, "train.batch_size": 1, "train.optimizer": "adamw",
    "train.lr_scheduler": "constant", "train.max_grad_norm": 1.0, "train.gradient_checkpointing": True,
    "train.dtype": "fp32", "save.save_every": 1000, "save.dtype": "float16",
    "save.max_step_saves_to_keep": 5,
}  # fmt: skip
TABLE = Table(
    NAME,
    same={
        "train.steps": "train.max_train_steps", "train.lr": "train.learning_rate",
        "train.unet_lr": "train.unet_lr", "train.batch_size": "dataset.train_batch_size",
        "train.gradient_checkpointing": "train.gradient_checkpointing",
        "train.max_grad_norm": "train.max_grad_norm", "train.noise_offset": "train.noise_offset",
        "model.name_or_path": "model.base", "model.vae_path": "model.vae",
        "network.dropout": "network.dropout", "network.pretrained_lora_path": "network.weights",
        "save.save_every": "save.save_every_n_steps", "log_dir": "log.logging_dir",
        "sample.sample_every": "sample.sample_every_n_steps",
    },
    words={
        "train.optimizer": ("optimizer.optimizer_type", _OPTIMIZERS),
        "train.lr_scheduler": ("optimizer.lr_scheduler", SCHEDULES),
        "train.dtype": ("train.precision", _PRECISIONS),
        "train.loss_type": ("train.loss_type", {"mse": None, "mae": "l1", "pseudo_huber": "huber"}),
        "save.dtype": ("save.save_precision", _SAVED_AS),
        "save.save_format": (
            "save.save_model_as", {"safetensors": None, "diffusers": "diffusers_safetensors"},
        ),
    },
    passed=(
        "type", "device", "training_folder", "performance_log_every", "sqlite_db_path", "logging*",
        "meta*", "save.hf_*", "save.push_to_hub", "model.quantize*", "model.qtype*", "model.low_vram",
        "model.dtype", "model.*_dtype", "model.*_device", "model.is_*", "model.arch", "model.compile*",
        "model.block_compile", "model.layer_offloading*", "model.model_kwargs*",
        "model.text_encoder_bits", "model.extras_name_or_path", "model.auto_memory",
        "network.network_kwargs*", "network.transformer_only", "network.lokr_*",
        "network.old_lokr_format", "train.noise_scheduler", "train.timestep_type",
        "train.linear_timesteps*", "train.sdp", "train.attention_backend", "train.unload_text_encoder",
        "train.cache_text_embeddings", "train.content_or_style", "train.text_encoder_lr",
        "train.optimizer_params.*", "train.*_preservation_*", "train.force_first_sample",
        "train.bypass_guidance_embedding", "train.switch_boundary_every", "train.show_turbo_outputs",
        "train.refiner_lr", "train.embedding_lr", "train.adapter_lr", "train.train_refiner",
        "train.lr_scheduler_params.*", "train.snr_gamma", "train.min_snr_gamma", "sample.*",
        "train.ema_config.*", "train.max_negative_prompts", "train.batch_noise_correction_scale",
        "train.skip_first_sample", "train.num_train_timesteps",
    ),
    left={
        "adapter.type": (NOT_THERE, ()),
        "embedding.trigger": (
            Words("textual inversion is not available", "textual inversionには対応していません"), (),
        ),
        "train.blank_prompt_preservation": (NOT_THERE, ()),
        "train.inverted_mask_prior": (NOT_THERE, ()),
        "model.lora_path": (
            Words("name it in network.base_weights", "network.base_weightsに指定してください"), (),
        ),
        "model.refiner_name_or_path": (NOT_THERE, ()),
        "model.assistant_lora_path": (NOT_THERE, ()),
    },
    used=frozenset((
        "network.type", "network.linear", "network.rank", "network.linear_alpha", "network.alpha",
        "network.conv", "network.conv_alpha", "datasets", "trigger_word", "train.train_unet",
        "train.diff_output_preservation", "train.diff_output_preservation_multiplier",
        "train.diff_output_preservation_class",
        "train.train_text_encoder", "train.gradient_accumulation", "train.gradient_accumulation_steps",
        "train.min_denoising_steps", "train.max_denoising_steps", "train.xformers",
        "train.disable_sampling", "save.max_step_saves_to_keep",
    )),
)  # fmt: skip


def read(document: Mapping[str, Any]) -> Sheet:
    """What a job says. Raises ConfigError for models and kinds of training that are not here."""
    config = document.get("config")
    processes = config.get("process") if isinstance(config, dict) else None
    first = processes[0] if isinstance(processes, list) and processes else processes
    if not isinstance(first, dict) or not isinstance(config, dict):
        raise ConfigError(messages.NO_JOB(program=NAME))
    kind = str(first.get("type"))
    if kind not in _TRAINERS:
        raise ConfigError(messages.TRAINING_KIND(program=NAME, kind=kind))
    found = Sheet({**_ABSENT, **sheet.flat(first)})
    _family(found)
    sheet.read_table(TABLE, found)
    name = config.get("name")
    if isinstance(name, str) and name.strip():
        found.put("name", "save.output_name", name.strip())
    _network(found)
    _train(found)
    _optimizer(found)
    _saves(found)
    _samples(found)
    _datasets(found)
    return found


def _family(found: Sheet) -> None:
    """The family of the base model; one that is not here is refused by its name."""
    marked = next((name for mark, name in _OLD_MARKS.items() if found.is_on(f"model.{mark}")), "sd15")
    arch = found.text("model.arch", marked).lower().split(":")[0]
    family = known_as(arch)
    if family is None:
        raise sheet.refuse_family(arch)
    found.put("model.arch", "model.family", family.name)
    if found.is_on("model.is_v_pred"):
        found.put("model.is_v_pred", "model.prediction", "v")


def _network(found: Sheet) -> None:
    kind = found.text("network.type").lower()
    found.put("network", "network.method", "lora" if kind else "none")
    if not kind:
        return
    if kind not in ("lora", "locon"):
        found.leave("network.type", Words("read as LoRA", "LoRAとして読みました"), kind)
    rank = found.number("network.rank") or found.number("network.linear", 4)
    found.put("network.linear", "network.rank", int(rank))
    alpha = found.number("network.linear_alpha", found.number("network.alpha", 1.0))
    found.put("network.linear_alpha", "network.alpha", alpha)
    if conv := int(found.number("network.conv")):
        found.put("network.conv", "network.conv_rank", conv)
        found.put("network.conv_alpha", "network.conv_alpha", found.number("network.conv_alpha", conv))


def _train(found: Sheet) -> None:
    if not found.is_on("train.train_unet", otherwise=True):
        found.put("train.train_unet", "train.unet_lr", 0.0)
    general = found.number("train.lr", 1e-6)
    is_text = found.is_on("train.train_text_encoder")
    text_rate = found.number("train.text_encoder_lr", general) if is_text else 0.0
    found.put("train.train_text_encoder", "train.text_encoder_lr", text_rate)
    names = ("gradient_accumulation_steps", "gradient_accumulation")
    batches = max(int(found.number(f"train.{name}", 1)) for name in names)
    if batches > 1:
        found.put(f"train.{names[0]}", "train.gradient_accumulation_steps", batches)
    if first := int(found.number("train.min_denoising_steps")):
        found.put("train.min_denoising_steps", "train.min_timestep", first)
    last = int(found.number("train.max_denoising_steps", 999))
    if last < 999:
        found.put("train.max_denoising_steps", "train.max_timestep", last + 1)
    _class_prior(found)
    for name in ("train.min_snr_gamma", "train.snr_gamma"):
        if gamma := found.number(name):
            found.put(name, "train.min_snr_gamma", gamma)
            break
    if found.is_on("train.xformers"):
        found.put("train.xformers", "model.attention", "xformers")
    if found.is_on("train.ema_config.use_ema"):
        decay = found.number("train.ema_config.ema_decay", 0.999)
        found.put("train.ema_config", "train.ema_decay", decay)


def _class_prior(found: Sheet) -> None:
    """Differential output preservation; its squared error is weighted by the timestep as the loss is here."""
    name = "train.diff_output_preservation"
    if not found.is_on(name):
        return
    found.put(name, "train.class_prior_weight", found.number(f"{name}_multiplier", 1.0))
    if trigger := found.text("trigger_word"):
        found.put("trigger_word", "train.class_prior_identifier", trigger)
    if class_ := found.text(f"{name}_class"):
        found.put(f"{name}_class", "train.class_prior_class", class_)


def _optimizer(found: Sheet) -> None:
    start = "train.optimizer_params."
    lines = [
        f"{name.removeprefix(start)}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in found.values.items()
        if name.startswith(start)
    ]
    if lines:
        found.put("train.optimizer_params", "optimizer.optimizer_args", lines)
    if warmup := int(found.number("train.lr_scheduler_params.num_warmup_steps")):
        found.put("train.lr_scheduler_params", "optimizer.lr_warmup_steps", warmup)


def _saves(found: Sheet) -> None:
    keep, every = int(found.number("save.max_step_saves_to_keep")), int(found.number("save.save_every"))
    if keep > 0 and every > 0:
        found.put("save.max_step_saves_to_keep", "save.save_last_n_steps", max(1, (keep - 1) * every))


def _samples(found: Sheet) -> None:
    """Its samples are drawn before training too, unless that is switched off."""
    lines = _prompts(found)
    if not lines:
        return
    found.put("sample.prompts", "sample.sample_prompts", lines)
    if found.is_on("train.disable_sampling"):
        found.put("train.disable_sampling", "sample.sample_every_n_steps", None)
    elif not found.is_on("train.skip_first_sample"):
        found.put("train.skip_first_sample", "sample.sample_at_first", True)


def _prompts(found: Sheet) -> list[str]:
    plain, own = found.values.get("sample.prompts"), found.values.get("sample.samples")
    items: list[Any] = own if isinstance(own, list) else plain if isinstance(plain, list) else []
    common = {name.removeprefix("sample."): value for name, value in found.values.items()}
    trigger, seed = found.text("trigger_word"), int(found.number("sample.seed", 42))
    lines = []
    for number, item in enumerate(items[:MOST]):
        values = common | (item if isinstance(item, dict) else {"prompt": item})
        step = number if found.is_on("sample.walk_seed") else 0
        own_seed = item.get("seed") if isinstance(item, dict) else None
        lines.append(
            line_of(
                _with_trigger(values.get("prompt"), trigger),
                negative=values.get("neg"),
                width=values.get("width", 512),
                height=values.get("height", 512),
                steps=values.get("sample_steps", 20),
                guidance=values.get("guidance_scale", 7),
                seed=seed + step if own_seed is None else own_seed,
                sampler=_SAMPLERS.get(str(values.get("sampler")), ""),
            )
        )
    return [line for line in lines if line]


def _with_trigger(prompt: Any, trigger: str) -> Any:
    return prompt.replace("[trigger]", trigger) if isinstance(prompt, str) and trigger else prompt


def _datasets(found: Sheet) -> None:
    given = found.values.get("datasets")
    sets = [item for item in given[:MOST] if isinstance(item, dict)] if isinstance(given, list) else []
    folders = [folder for item in sets if (folder := _folder(item))]
    sides = [side for item in sets for side in _sides(item.get("resolution", 512))]
    if sides:
        found.put("datasets.resolution", "dataset.resolution", max(sides))
    if len(set(sides)) > 1:
        found.leave(
            "datasets.resolution", Words("the largest is used", "最大のものを使います"), sorted(set(sides))
        )
    if sets:
        found.put(
            "datasets.buckets", "dataset.enable_bucket", any(not is_off(s.get("buckets", 1)) for s in sets)
        )
        for name in ("cache_latents", "cache_latents_to_disk"):
            if any(not is_off(item.get(name)) for item in sets):
                found.put(f"datasets.{name}", f"dataset.{name}", True)
    if trigger := found.text("trigger_word"):
        reason = Words(
            "write it into the captions; sample prompts have it",
            "キャプションに書いてください（サンプルには入れました）",
        )
        found.leave("trigger_word", reason, trigger)
    found.datasets = dataset_config(folders, {"caption_extension": ".txt"})


def _sides(value: Any) -> list[int]:
    return [
        int(as_number(side)) for side in (value if isinstance(value, list) else [value]) if as_number(side)
    ]


_SWITCHES = {
    "flip_x": "flip_aug",
    "shuffle_tokens": "shuffle_caption",
    "random_crop": "random_crop",
    "alpha_mask": "alpha_mask",
}
_SHARES = {"caption_dropout_rate": "caption_dropout_rate", "token_dropout_rate": "caption_tag_dropout_rate"}


def _folder(item: Mapping[str, Any]) -> Folder | None:
    """The images of one of its datasets."""
    path = item.get("folder_path") or item.get("dataset_path")
    if not isinstance(path, str) or not path.strip():
        return None
    settings: dict[str, Any] = {}
    if (repeats := int(as_number(item.get("num_repeats"), 1))) > 1:
        settings["num_repeats"] = repeats
    if caption := ending(item.get("caption_ext")):
        settings["caption_extension"] = caption
    settings |= {key: True for name, key in _SWITCHES.items() if not is_off(item.get(name))}
    settings |= {key: share for name, key in _SHARES.items() if (share := as_number(item.get(name)))}
    if keep := int(as_number(item.get("keep_tokens"))):
        settings["keep_tokens"] = keep
    if not is_off(item.get("is_reg")):
        settings["is_reg"] = True
    if isinstance(mask := item.get("mask_path"), str) and mask:
        settings["conditioning_data_dir"] = mask
    return Folder(path.strip(), settings)
