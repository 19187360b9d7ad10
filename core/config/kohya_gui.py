"""A JSON that kohya_ss's window saved -> pairs of option name and value, in sd-scripts' names.

Its window keeps names and units of its own; what it hands to the scripts is worked out here as it does.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from core.config.pasted import Pairs, option_pairs, split
from core.errors import ConfigError, Problem

_NAMES: Mapping[str, str] = {
    "max_resolution": "resolution",
    "optimizer": "optimizer_type",
    "learning_rate_unet": "unet_lr",
    "learning_rate_te": "text_encoder_lr",
    "lora_network_weights": "network_weights",
    "stop_text_encoder_training_pct": "stop_text_encoder_training",
}
_FAMILIES = (
    "sdxl", "flux1_checkbox", "sd3_checkbox", "hunyuan_image_checkbox", "anima_checkbox", "lumina_checkbox",
)  # fmt: skip
_CONVOLUTIONS = ("Kohya LoCon", "LoCon", "LyCORIS/LoCon")

# About its window and its launcher, or parts of other kinds of network and other families.
_ITS_OWN = frozenset(
    (
        "LoRA_type", "LyCORIS_preset", "additional_parameters", "epoch", "noise_offset_type", "lr_warmup",
        "model_list", "save_as_bool", "file_path", "num_cpu_threads_per_process", "num_processes",
        "num_machines", "gpu_ids", "main_process_port", "dynamo_backend", "dynamo_mode",
        "dynamo_use_fullgraph", "dynamo_use_dynamic", "extra_accelerate_launch_args", "multi_gpu", "unit",
        "factor", "use_wandb", "wandb_run_name", "wandb_api_key", "log_config", "log_tracker_config",
        "huggingface_repo_type", "huggingface_repo_visibility", "huggingface_path_in_repo", "lowvram",
        "model_type", "ae", "clip_l", "clip_g", "discrete_flow_shift", "model_prediction_type",
        "timestep_sampling", "split_mode", "train_blocks", "t5xxl", "t5xxl_max_token_length",
        "guidance_scale", "weighting_scheme", "logit_mean", "logit_std", "mode_scale", "apply_t5_attn_mask",
        "cpu_offload_checkpointing", "blocks_to_swap", "show_timesteps", "show_timesteps_resolution",
        "t5xxl_device", "t5xxl_dtype", "t5xxl_lr", "in_dims", "single_dim", "rank_dropout_scale",
        "loraplus_lr_ratio", "ggpo_sigma", "ggpo_beta", "full_path", "use_shape",
    )
)  # fmt: skip
_OTHER_FAMILIES = (
    "sdxl_", "sd3_", "flux1_", "hunyuan_", "anima_", "lumina_", "img_", "txt_", "single_mod_",
    "double_blocks", "single_blocks", "train_double_block", "train_single_block",
)  # fmt: skip


def settings(text: str) -> tuple[Pairs, list[Problem]]:
    """Pairs of sd-scripts' option name and value, and what was read as what. Raises ConfigError."""
    document = _document(text)
    family = next((name for name in _FAMILIES if _set(document.get(name))), "")
    if family:
        raise ConfigError(
            Problem(
                "E-IMPORT-FAMILY",
                f"these are settings for another kind of model ({family}); only Stable Diffusion 1.x and 2.x "
                "can be trained here.",
                f"別の種類のモデル（{family}）の設定です。学習できるのはStable Diffusion 1.xと2.xだけです。",
            )
        )
    notes: list[Problem] = []
    pairs = _network(document, notes)
    pairs += _steps(document, notes)
    for name, value in document.items():
        pairs += _pair(name, value, document)
    extra = option_pairs(split(str(document.get("additional_parameters") or "")))
    named = {name for name, _ in extra}
    return [pair for pair in pairs if pair[0] not in named] + extra, notes


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as e:
        raise ConfigError(
            Problem(
                "E-IMPORT", f"this is not JSON: {e.msg}.", f"JSONとして読めません：{e.msg}。", line=e.lineno
            )
        ) from e
    return {str(name): value for name, value in found.items()}


def _number(value: Any) -> float:
    """Its fields hold numbers as numbers, as text or not at all."""
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return 0.0


def _set(value: Any) -> bool:
    """The window writes every field it has; an empty or zero one was left alone."""
    if isinstance(value, str) and _is_number(value):
        return float(value) != 0
    return value not in ("", None, [], 0, False, "None", "none", "False")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _network(document: Mapping[str, Any], notes: list[Problem]) -> Pairs:
    """The kind of LoRA of the LoRA tab; the other tabs have none and train the model itself."""
    kind = document.get("LoRA_type")
    if kind is None:
        return []
    rates = {name: _number(document.get(name)) for name in ("unet_lr", "text_encoder_lr")}
    pairs: Pairs = []
    if rates["unet_lr"] and not rates["text_encoder_lr"]:
        pairs.append(("network_train_unet_only", True))
    if rates["text_encoder_lr"] and not rates["unet_lr"]:
        pairs.append(("network_train_text_encoder_only", True))
    if kind == "Standard" or kind in _CONVOLUTIONS:
        if kind in _CONVOLUTIONS:
            en, ja = f"LoRA_type {kind} is read as LoRA", f"LoRA_typeの{kind}はLoRA"
            notes.append(
                Problem(
                    "W-CFG-READ-AS",
                    f"{en} with network.conv_rank and network.conv_alpha.",
                    f"{ja}（network.conv_rank・network.conv_alpha付き）として読みました。",
                )
            )
        return [*pairs, ("network_module", "networks.lora")]
    return [*pairs, ("network_module", str(kind))]


def _steps(document: Mapping[str, Any], notes: list[Problem]) -> Pairs:
    """Its percentages as steps, and the epochs where no steps are given."""
    steps, epochs = _number(document.get("max_train_steps")), _number(document.get("max_train_epochs"))
    pairs: Pairs = []
    if not steps and not epochs and _set(document.get("epoch")):
        pairs.append(("max_train_epochs", int(_number(document["epoch"]))))
    stop = document.get("stop_text_encoder_training", document.get("stop_text_encoder_training_pct"))
    for name, percent in (
        ("stop_text_encoder_training", stop),
        ("lr_warmup_steps", document.get("lr_warmup")),
    ):
        share = _number(percent)
        if share < 0 and name == "stop_text_encoder_training":
            pairs.append((name, -1))
        elif share and not (name == "lr_warmup_steps" and _set(document.get(name))):
            exact = math.ceil if name == "stop_text_encoder_training" else round
            value: Any = exact(steps * share / 100) if steps and not epochs else f"{share:g}%"
            pairs.append((name, value))
            said = f"{share:g}% is read as {name} = {value}", f"{share:g}%は{name} = {value}として読みました"
            notes.append(Problem("W-CFG-READ-AS", f"{said[0]}.", f"{said[1]}。"))
    return pairs


def _pair(name: str, value: Any, document: Mapping[str, Any]) -> Pairs:
    """One field, when it asks for anything here."""
    if name in _ITS_OWN or name.startswith(_OTHER_FAMILIES) or not _set(value):
        return []
    if name.startswith("stop_text_encoder_training"):
        return []  # in percent: see _steps
    if name in ("conv_dim", "conv_alpha") and document.get("LoRA_type") == "Standard":
        return []  # shown for the other kinds only, kept in the file all the same
    is_multires = document.get("noise_offset_type") == "Multires"
    if name.startswith("multires_noise") and not is_multires and "noise_offset_type" in document:
        return []
    if name in ("noise_offset", "adaptive_noise_scale", "noise_offset_random_strength") and is_multires:
        return []
    if name == "xformers":
        return [(value if isinstance(value, str) else "xformers", True)]
    if name in ("optimizer_args", "lr_scheduler_args") and isinstance(value, str):
        return [(name, [part for part in value.replace('"', "").split() if "=" in part])]
    if name == "sample_prompts" and isinstance(value, str):
        lines = [line.strip() for line in value.splitlines() if line.strip() and not line.startswith("#")]
        return [(name, lines)]
    return [(_NAMES.get(name, name), value)]
