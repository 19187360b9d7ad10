"""A JSON that kohya_ss's window saved -> pairs of option name and value, in sd-scripts' names.

Its window keeps names and units of its own; what it hands to the scripts is worked out here as it does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.config.imports import for_family, messages
from core.config.imports.command_line import Pairs, option_pairs
from core.config.schema.numbers import LARGEST, decimal
from core.config.schema.run import OPTIONS
from core.config.sd_scripts_reference import OF_THE_WINDOW, is_of_other_models
from core.errors import ConfigError, Problem
from core.families import FAMILIES

NAMES: Mapping[str, str] = {
    "max_resolution": "resolution",
    "optimizer": "optimizer_type",
    "learning_rate_unet": "unet_lr",
    "learning_rate_te": "text_encoder_lr",
    "lora_network_weights": "network_weights",
    "stop_text_encoder_training_pct": "stop_text_encoder_training",
    "image_folder": "train_data_dir",
    "sdxl_cache_text_encoder_outputs": "cache_text_encoder_outputs",
    "sdxl_no_half_vae": "no_half_vae",
}
_EMPTIED = frozenset(
    name
    for option in OPTIONS.values()
    if option.is_personal and not option.default
    for name in option.meta.sd_scripts
)
"""Options that an empty field of its window empties here too: files and folders, names, prompts."""
_LAUNCHER = frozenset(("dynamo_backend", "wandb_run_name", "log_config", "log_tracker_config"))
"""Fields that its window always fills and that say nothing here."""
OF_THE_FINETUNE_TAB = frozenset(
    ("train_dir", "caption_metadata_filename", "latent_metadata_filename", "batch_size")
)
_OTHER_FAMILIES: Mapping[str, str] = {
    "flux1_checkbox": "Flux.1", "sd3_checkbox": "SD3", "hunyuan_image_checkbox": "HunyuanImage",
    "anima_checkbox": "Anima", "lumina_checkbox": "Lumina",
}  # fmt: skip
"""Its boxes for families that can't be trained here -> their names."""
_RATES_OF_SEVERAL = ("learning_rate_te1", "learning_rate_te2")
"""Its fields for families with two text encoders; `learning_rate_te` is for those with one."""
_OF_LORA = ("conv_dim", "conv_alpha", "rank_dropout", "module_dropout")
"""Those of them that a LoRA without LyCORIS has too."""
_WITHOUT_LYCORIS = ("Standard", "Kohya LoCon")
_CONVOLUTIONS = ("Kohya LoCon", "LoCon")
_ALGORITHMS: Mapping[str, str] = {
    "LyCORIS/LoCon": "locon", "LyCORIS/LoHa": "loha", "LyCORIS/LoKr": "lokr",
    "LyCORIS/Diag-OFT": "diag-oft", "LyCORIS/GLoRA": "glora", "LyCORIS/iA3": "ia3",
    "LyCORIS/DyLoRA": "dylora", "LyCORIS/Native Fine-Tuning": "full",
}  # fmt: skip
"""Its kinds of LyCORIS -> LyCORIS' algo."""
_OF_LYCORIS = (
    "conv_dim", "conv_alpha", "factor", "decompose_both", "dora_wd", "rank_dropout", "module_dropout",
    "use_tucker", "use_cp", "use_scalar", "rank_dropout_scale", "constrain", "rescaled", "train_norm",
    "bypass_mode", "train_on_input",
)  # fmt: skip
"""Its fields for these kinds, which become LyCORIS' arguments."""


def settings(document: Mapping[str, Any]) -> tuple[Pairs, list[Problem]]:
    """Pairs of sd-scripts' option name and value, and what was read as what. Raises ConfigError.

    An empty field for a file, a name or prompts is told as empty, since the window has it so; any other empty
    one was left alone.
    """
    other = next((name for box, name in _OTHER_FAMILIES.items() if _set(document.get(box))), "")
    if other:
        raise ConfigError(messages.OTHER_FAMILY(family=other, families=for_family.families()))
    notes: list[Problem] = []
    pairs = _network(document, notes)
    pairs += _steps(document, notes)
    pairs += _finetune(document)
    pairs += _several_text_encoders(document)
    for name, value in document.items():
        pairs += _pair(name, value, document)
    extra = _extra(document.get("additional_parameters"), notes)
    named = {name for name, _ in extra}
    return [pair for pair in pairs if pair[0] not in named] + extra, notes


def _extra(value: Any, notes: list[Problem]) -> Pairs:
    """Its field for options of the command line, as text or as a list of words."""
    words = [str(word) for word in value] if isinstance(value, list) else [str(value or "")]
    return option_pairs(" ".join(words), notes)


def _number(value: Any) -> float:
    """Its fields hold numbers as numbers, as text or not at all; of several rates the first is ours."""
    if isinstance(value, list | tuple):
        return _number(value[0]) if value else 0.0
    if isinstance(value, str):
        first = value.strip("[] ").replace(",", " ").split()
        return decimal(value) or (decimal(first[0]) if first else None) or 0.0
    if not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
        return 0.0
    return float(value)


def _set(value: Any) -> bool:
    """The window writes every field it has; an empty or zero one was left alone."""
    if isinstance(value, str) and decimal(value) == 0:
        return False
    return value not in ("", None, [], 0, False, "None", "none", "False", "false")


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
            notes.append(messages.LORA_WITH_CONVOLUTIONS(kind=kind))
        return [*pairs, ("network_module", "networks.lora")]
    if kind in _ALGORITHMS:
        arguments = [f"algo={_ALGORITHMS[kind]}"]
        if _set(document.get("LyCORIS_preset")):
            arguments.append(f"preset={document['LyCORIS_preset']}")
        arguments += [f"{name}={document[name]}" for name in _OF_LYCORIS if _set(document.get(name))]
        return [*pairs, ("network_module", "lycoris.kohya"), ("network_args", arguments)]
    return [*pairs, ("network_module", str(kind))]


def _steps(document: Mapping[str, Any], notes: list[Problem]) -> Pairs:
    """Its percentages as steps, and the epochs where no steps are given."""
    steps, epochs = _number(document.get("max_train_steps")), _number(document.get("max_train_epochs"))
    pairs: Pairs = []
    if not steps and not epochs and _number(document.get("epoch")):
        pairs.append(("max_train_epochs", _number(document["epoch"])))
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
            if not isinstance(value, str):
                notes.append(messages.SHARE_AS_STEPS(share=share, name=name, steps=value))
    return pairs


def _finetune(document: Mapping[str, Any]) -> Pairs:
    """The finetune tab's own fields; its window always makes buckets."""
    if "train_text_encoder" not in document or document.get("LoRA_type") is not None:
        return []
    pairs: Pairs = [("train_text_encoder", _set(document["train_text_encoder"])), ("enable_bucket", True)]
    has_latents = document.get("use_latent_files") == "Yes"
    metadata = document.get("latent_metadata_filename" if has_latents else "caption_metadata_filename")
    if _set(document.get("train_dir")) and _set(metadata):
        pairs.append(("in_json", f"{document['train_dir']}/{metadata}"))
    return pairs


def _has_several_text_encoders(document: Mapping[str, Any]) -> bool:
    """Whether the box of a family is ticked that has more than one."""
    return any(
        len(family.text_rates) > 1
        for family in FAMILIES.values()
        for box in (family.name, f"{family.name}_checkbox")
        if _set(document.get(box))
    )


def _several_text_encoders(document: Mapping[str, Any]) -> Pairs:
    """The rate of each text encoder of a whole model, 0 where it is not trained.

    Its DreamBooth tab has no box for their training: it asks for it where one of the rates is above 0.
    """
    if document.get("LoRA_type") is not None or not _has_several_text_encoders(document):
        return []
    rates = [(name, _number(document[name])) for name in _RATES_OF_SEVERAL if name in document]
    is_trained = _set(document.get("train_text_encoder", any(rate > 0 for _, rate in rates)))
    asked: Pairs = [] if "train_text_encoder" in document else [("train_text_encoder", is_trained)]
    return [*asked, *(rates if is_trained else [])]


def _pair(name: str, value: Any, document: Mapping[str, Any]) -> Pairs:
    """One field, when it asks for anything here."""
    option = NAMES.get(name, name)
    if not _set(value):
        return [(option, "")] if option in _EMPTIED and value in ("", None, []) else []
    if name in OF_THE_WINDOW or name in _LAUNCHER or is_of_other_models(name):
        return []
    if name in OF_THE_FINETUNE_TAB or name == "train_text_encoder":
        return []  # see _finetune
    if name in _RATES_OF_SEVERAL or (name == "learning_rate_te" and _has_several_text_encoders(document)):
        return []  # see _several_text_encoders
    if name.startswith("stop_text_encoder_training"):
        return []  # in percent: see _steps
    if name in ("conv_dim", "conv_alpha") and document.get("LoRA_type") == "Standard":
        return []  # shown for the other kinds only, kept in the file all the same
    if name in _OF_LYCORIS:
        is_taken = document.get("LoRA_type") in _ALGORITHMS
        if is_taken or (document.get("LoRA_type") in _WITHOUT_LYCORIS and name not in _OF_LORA):
            return []  # taken with the kind, or shown for other kinds only
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
    return [(option, value)]
