"""A JSON of OneTrainer, exported or a preset of it -> our options (their names: `one_trainer_names`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import PureWindowsPath
from typing import Any

from core.catalog import Words
from core.config.imports import messages, sheet
from core.config.imports import one_trainer_names as names
from core.config.imports.image_folders import CAPTION_FILES, MOST, Folder, dataset_config
from core.config.imports.prompt_lines import line_of
from core.config.imports.sheet import NOT_THERE, Sheet, as_number, is_off
from core.errors import ConfigError
from core.families import FamilySpec, known_as


def read(document: Mapping[str, Any]) -> Sheet:
    """What a document says. Raises ConfigError for models and kinds of training that are not here."""
    given = sheet.flat(document)
    found = Sheet({**names.ABSENT, **given})
    family = _family(found)
    _refuse_kind(found)
    found.put("model_type", "model.family", family.name)
    sheet.read_table(names.TABLE, found)
    _network(found)
    _rates(found, family)
    _optimizer(found)
    _numbers(found, family)
    _loss(found)
    _saves(found)
    _samples(found)
    _concepts(found)
    return found


def _family(found: Sheet) -> FamilySpec:
    kind = found.text("model_type", "STABLE_DIFFUSION_15")
    family = known_as(kind)
    if family is None:
        raise sheet.refuse_family(kind.replace("_", " ").title())
    return family


def _refuse_kind(found: Sheet) -> None:
    method = found.text("training_method", "FINE_TUNE")
    if method == "EMBEDDING":
        raise ConfigError(messages.EMBEDDING())
    if method not in ("LORA", "FINE_TUNE"):
        raise ConfigError(messages.TRAINING_KIND(program=names.NAME, kind=method))


def _network(found: Sheet) -> None:
    is_lora = found.text("training_method", "FINE_TUNE") == "LORA"
    found.put("training_method", "network.method", "lora" if is_lora else "none")
    if not is_lora:
        return
    if (kind := found.text("peft_type", "LORA")) != "LORA":
        found.leave("peft_type", Words("read as LoRA", "LoRAとして読みました"), kind)
    rank, alpha = int(found.number("lora_rank")), found.number("lora_alpha")
    found.put("lora_rank", "network.rank", rank)
    found.put("lora_alpha", "network.alpha", alpha)
    preset, layers = found.text("layer_filter_preset"), found.text("layer_filter")
    if layers and preset not in ("full", "attn-mlp"):
        reason = Words("the usual layers are adapted", "通常の層を対象にします")
        found.leave("layer_filter", reason)
    elif preset == "full" and not layers:
        found.put("layer_filter_preset", "network.conv_rank", rank)
        found.put("layer_filter_preset", "network.conv_alpha", alpha)


def _rates(found: Sheet, family: FamilySpec) -> None:
    """The rate of each part: 0 where it is not trained, the general one where it has none of its own."""
    scale = _scale(found)
    general = found.number("learning_rate") * scale
    name = "learning_rate" if scale == 1 else "learning_rate_scaler"
    found.put(name, "train.learning_rate", float(f"{general:.6g}"))
    for part in family.parts:
        if part.role == "vae":
            continue
        key = f"train.{part.rates[0]}" if part.rates else "train.unet_lr"
        own = found.values.get(f"{part.name}.learning_rate")
        if not found.is_on(f"{part.name}.train", otherwise=True):
            found.put(f"{part.name}.train", key, 0.0)
        elif own is not None or part.role == "text":
            rate = general if own is None else as_number(own) * scale
            found.put(f"{part.name}.learning_rate", key, float(f"{rate:.6g}"))
    unit = found.text("text_encoder.stop_training_after_unit", "NEVER")
    after = int(found.number("text_encoder.stop_training_after"))
    if after and unit == "STEP":
        found.put("text_encoder.stop_training_after", "train.stop_text_encoder_training", after)
    elif after and unit == "EPOCH" and (epochs := found.number("epochs")) > after:
        found.put("text_encoder.stop_training_after", "train.stop_text_encoder_training", after / epochs)


def _scale(found: Sheet) -> float:
    """Its rates are multiplied by the root of the batch, the accumulation or both."""
    kind = found.text("learning_rate_scaler", "NONE")
    batch = found.number("batch_size", 1) if kind.endswith(("BATCH", "BOTH")) else 1
    more = found.number("gradient_accumulation_steps", 1) if kind.endswith(("ACCUMULATION", "BOTH")) else 1
    return math.sqrt(max(1.0, batch * more))


def _optimizer(found: Sheet) -> None:
    own = {name.removeprefix("optimizer."): value for name, value in found.values.items() if "." in name}
    lines = sheet.arguments(own, (name for name in names.ARGUMENTS if own.get(name) != math.inf))
    betas = [own[name] for name in ("beta1", "beta2") if own.get(name) is not None]
    if len(betas) == 2 and own.get("optimizer") != "ADAFACTOR":
        lines.append(f"betas={betas[0]},{betas[1]}")
    if own.get("optimizer") == "ADAFACTOR":
        lines = [line for line in lines if not line.startswith("eps=")]
        if not any(line.startswith("relative_step") for line in lines):
            lines.append("relative_step=False")  # its default; the optimizer's own is the other way round
    if lines:
        found.put("optimizer", "optimizer.optimizer_args", lines)
    if not is_off(own.get("fused_back_pass")) and found.text("training_method") == "FINE_TUNE":
        found.put("optimizer.fused_back_pass", "train.fused_backward_pass", True)
    _schedule(found)


def _schedule(found: Sheet) -> None:
    name = found.text("learning_rate_scheduler").lower()
    least, warmup = found.number("learning_rate_min_factor"), found.number("learning_rate_warmup_steps")
    schedule = names.SCHEDULES.get(name)
    if schedule is None:
        reason = Words("there is no such schedule here", "このスケジュールはありません")
        found.leave("learning_rate_scheduler", reason)
        return
    if schedule == "cosine" and 0 < least < 1:
        schedule = "cosine_with_min_lr"
        found.put("learning_rate_min_factor", "optimizer.lr_scheduler_min_lr_ratio", least)
    elif schedule == "constant" and warmup > 0:
        schedule = "constant_with_warmup"
    found.put("learning_rate_scheduler", "optimizer.lr_scheduler", schedule)
    if warmup > 0 and schedule not in ("constant", "adafactor"):
        length = int(warmup) if warmup > 1 else warmup
        found.put("learning_rate_warmup_steps", "optimizer.lr_warmup_steps", length)
    cycles = found.number("learning_rate_cycles", 1)
    if schedule == "cosine_with_restarts" and cycles > 1:
        found.put("learning_rate_cycles", "optimizer.lr_scheduler_num_cycles", int(cycles))


def _numbers(found: Sheet, family: FamilySpec) -> None:
    dtype = found.text("train_dtype").lower()
    precision = names.PRECISIONS.get(dtype)
    is_whole = found.text("training_method", "FINE_TUNE") == "FINE_TUNE"
    if precision is None:
        found.leave("train_dtype", Words("read as bf16", "bf16として読みました"))
        precision = "bf16"
    weights = names.PRECISIONS.get(found.text("unet.weight_dtype").lower())
    if is_whole and weights == "bf16":
        found.put("unet.weight_dtype", "train.precision", "full_bf16")
    else:
        found.put("train_dtype", "train.precision", precision)
    _resolution(found)
    if found.text("ema", "OFF") != "OFF":
        found.put("ema", "train.ema_decay", found.number("ema_decay", 0.999))
    for name, key, otherwise in (
        ("min_noising_strength", "train.min_timestep", 0.0),
        ("max_noising_strength", "train.max_timestep", 1.0),
    ):
        if (strength := found.number(name, otherwise)) != otherwise:
            found.put(name, key, int(1000 * strength))
    if found.is_on("force_v_prediction"):
        found.put("force_v_prediction", "model.prediction", "v")
    if found.is_on("force_epsilon_prediction"):
        found.put("force_epsilon_prediction", "model.prediction", "epsilon")
    if skipped := int(found.number("text_encoder_layer_skip")):
        found.put("text_encoder_layer_skip", "model.clip_skip", skipped + family.text_layer)


def _resolution(found: Sheet) -> None:
    """A side, "768x512" (width and height), or several with commas, of which the largest is taken."""
    text = str(found.values["resolution"]).lower()
    sizes = [[int(as_number(side)) for side in part.split("x")] for part in text.split(",")]
    largest = max(sizes, key=max)
    found.put("resolution", "dataset.resolution", largest if len(largest) == 2 else largest[0])
    if len(sizes) > 1:
        found.leave("resolution", Words("the largest is used", "最大のものを使います"))


def _loss(found: Sheet) -> None:
    shares = {
        "l2": found.number("mse_strength", 1.0),
        "l1": found.number("mae_strength"),
        "huber": found.number("huber_strength"),
    }
    kind = max(shares, key=lambda name: shares[name])
    if kind != "l2":
        found.put({"l1": "mae_strength", "huber": "huber_strength"}[kind], "train.loss_type", kind)
    if sum(share > 0 for share in shares.values()) > 1:
        found.leave(
            "mse_strength", Words("one kind of loss is used", "損失は1種類だけ使います"), shares[kind]
        )
    weight = found.text("loss_weight_fn", "CONSTANT")
    if weight == "MIN_SNR_GAMMA":
        gamma = found.number("loss_weight_strength", 5.0)
        found.put("loss_weight_fn", "train.min_snr_gamma", gamma)
    elif weight == "DEBIASED_ESTIMATION":
        found.put("loss_weight_fn", "train.debiased_estimation_loss", True)
    elif weight != "CONSTANT":
        found.leave("loss_weight_fn", NOT_THERE)


def _saves(found: Sheet) -> None:
    destination = found.text("output_model_destination")
    name = PureWindowsPath(destination).stem
    if name and name not in ("model", "lora", "embedding") and not found.text("save_filename_prefix"):
        found.put("output_model_destination", "save.output_name", name)
    _every(found, "save_every", "save.save_every_n")


def _every(found: Sheet, name: str, key: str) -> None:
    """A length of time between saves or samples."""
    n, unit = int(found.number(name)), found.text(f"{name}_unit", "NEVER")
    if n > 0 and unit in ("EPOCH", "STEP"):
        found.put(name, f"{key}_{unit.lower()}s", n)
    elif n > 0 and unit not in ("NEVER", "ALWAYS"):
        reason = Words("counted in steps or epochs here", "ステップかエポックで指定します")
        found.leave(name, reason, f"{n} {unit.lower()}")


def _samples(found: Sheet) -> None:
    samples = found.values.get("samples")
    if isinstance(samples, list):
        drawn = [s for s in samples[:MOST] if isinstance(s, dict) and not is_off(s.get("enabled", True))]
        lines = [line for sample in drawn if (line := _prompt(sample))]
        if lines:
            found.put("samples", "sample.sample_prompts", lines)
    elif file := found.text("sample_definition_file_name"):
        found.notes.append(
            messages.ELSEWHERE(what=Words("sample prompts", "サンプルのプロンプト"), file=file)
        )
    if "sample_after" in found.values:
        _every(found, "sample_after", "sample.sample_every_n")


def _prompt(sample: Mapping[str, Any]) -> str:
    is_random = not is_off(sample.get("random_seed"))
    return line_of(
        sample.get("prompt"),
        negative=sample.get("negative_prompt"),
        width=sample.get("width"),
        height=sample.get("height"),
        steps=sample.get("diffusion_steps"),
        guidance=sample.get("cfg_scale"),
        seed=None if is_random else sample.get("seed"),
        sampler=names.SAMPLERS.get(str(sample.get("noise_scheduler")), ""),
    )


def _concepts(found: Sheet) -> None:
    concepts = found.values.get("concepts")
    if not isinstance(concepts, list):
        if file := found.text("concept_file_name"):
            found.notes.append(messages.ELSEWHERE(what=Words("images", "画像"), file=file))
        return
    flat = [sheet.flat(concept) for concept in concepts[:MOST] if isinstance(concept, dict)]
    folders = [folder for concept in flat if (folder := _folder(concept, found))]
    found.datasets = dataset_config(folders, {"caption_extension": ".txt"})


def _folder(concept: Mapping[str, Any], found: Sheet) -> Folder | None:
    """The images of a concept and how they are captioned; None for one that is not trained."""
    path = str(concept.get("path") or "")
    kind = str(concept.get("type") or "STANDARD")
    if not path or is_off(concept.get("enabled", True)):
        return None
    settings: dict[str, Any] = {}
    if kind == "PRIOR_PREDICTION" and found.text("training_method") == "LORA":
        settings["is_reg"] = True
        found.put("concepts", "train.prior_prediction", True)
    elif kind != "STANDARD":
        found.leave("concepts", Words(f"concepts of type {kind}", f"種類が{kind}のconcept"), path)
        return None
    if concept.get("balancing_strategy", "REPEATS") == "REPEATS":
        settings["num_repeats"] = max(1, round(as_number(concept.get("balancing"), 1.0)))
    for name, key in (
        ("image.enable_random_flip", "flip_aug"), ("text.enable_tag_shuffling", "shuffle_caption"),
    ):  # fmt: skip
        if not is_off(concept.get(name)):
            settings[key] = True
    if settings.get("shuffle_caption"):
        settings["keep_tokens"] = int(as_number(concept.get("text.keep_tags_count"), 1))
    if not is_off(concept.get("text.tag_dropout_enable")):
        whole = concept.get("text.tag_dropout_mode") == "FULL"
        share = as_number(concept.get("text.tag_dropout_probability"))
        settings["caption_dropout_rate" if whole else "caption_tag_dropout_rate"] = share
    source = concept.get("text.prompt_source", "sample")
    if source != "sample":
        found.leave("concepts.text.prompt_source", CAPTION_FILES, source)
    if not is_off(concept.get("include_subdirectories")):
        reason = Words("images directly in the folder are used", "フォルダー直下の画像だけを使います")
        found.leave("concepts.include_subdirectories", reason, True)
    return Folder(path, settings)
