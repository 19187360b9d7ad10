"""The guide's and sd-scripts' own option names: what each one means here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.catalog import SAMPLER_ALIASES, optimizer_name
from core.config import network_args
from core.config.option import walk
from core.config.schema import RunConfig

# The names that say the same in our words, from the declarations.
ALIASES: Mapping[str, str] = {
    name: option.key for option in walk(RunConfig) for name in option.meta.sd_scripts
}

ATTENTION_FLAGS: Mapping[str, str] = {"mem_eff_attn": "mem_eff", "xformers": "xformers", "sdpa": "sdpa"}
"""Flags of sd-scripts of which several may be set -> our value; the first of them wins, as there."""

FULL_PRECISIONS: Mapping[str, str] = {"full_fp16": "fp16", "full_bf16": "bf16"}
"""Flags of sd-scripts that say more of a mixed_precision -> the one that they need beside them."""

# Options of sd-scripts that have no task here: name -> why, in both languages.
NOT_NEEDED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("max_data_loader_n_workers", "persistent_data_loader_workers", "highvram", "lowram", "vae_batch"),
        ("pictures are loaded by threads here", "画像の読み込みはスレッドで行うため"),
    ),
    **dict.fromkeys(
        ("config_file", "output_config", "console_log_level", "console_log_file", "console_log_simple"),
        ("the console decides this itself", "コンソール側で決まるため"),
    ),
    **dict.fromkeys(
        ("log_with", "log_tracker_name"),
        ("the log is always TensorBoard's", "ログは常にTensorBoard形式のため"),
    ),
    **dict.fromkeys(
        ("use_safetensors", "debug_dataset", "skip_cache_check", "cache_info", "tokenizer_cache_dir"),
        ("this is always done right without it", "指定しなくても正しく行うため"),
    ),
}

TAKE_OUT = ("; take it out to train without it.", "これなしで学習する場合は、削除してください。")
"""How the refusal of an option ends, in both languages."""

# Options of sd-scripts that would change the result and are not here: refused when they are set to anything.
NOT_HERE = frozenset(
    (
        "dataset_class",
        "deepspeed",
        "face_crop_aug_range",
        "fp8_base",
        "fp8_base_unet",
        "fused_backward_pass",
        "huggingface_repo_id",
        "lr_scheduler_type",
        "no_half_vae",
        "resume_from_huggingface",
        "token_warmup_min",
        "token_warmup_step",
        "torch_compile",
        "wandb_api_key",
        "weighted_captions",
    )
)

# How sd-scripts finds its place again after a resume.
_PLACE_OF_RESUME = ("initial_epoch", "initial_step", "skip_until_initial_step")

# What sd-scripts writes when such an option is left alone; these values ask for nothing.
_HARMLESS: Mapping[str, Any] = {
    "token_warmup_min": 1,
}


@dataclass(frozen=True)
class Translated:
    """values: our key -> value. note: what it was read as, when the name or value is another here.

    refused: why it can't be taken, in (English, Japanese).
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    note: tuple[str, str] | None = None
    refused: tuple[str, str] | None = None


def knows(name: str) -> bool:
    """Whether sd-scripts has an option of this name, used here or not."""
    return name in ALIASES or name in NOT_NEEDED or name in NOT_HERE or name in _SPECIAL


def translate(name: str, value: Any) -> Translated:
    """What one sd-scripts option means here."""
    if name in _SPECIAL:
        return _SPECIAL[name](value)
    if name in ALIASES:
        key = ALIASES[name]
        note = (
            None
            if key.split(".")[1] == name
            else (f"{name} is read as {key}", f"{name}は{key}として読みました")
        )
        return Translated({key: value}, note)
    if name in NOT_NEEDED:
        en, ja = NOT_NEEDED[name]
        return Translated(note=(f"{name} is not needed: {en}", f"{name}は不要です（{ja}）"))
    if not value or value == _HARMLESS.get(name):
        return Translated()
    return Translated(
        refused=(
            f"this sd-scripts option is not available here and would change the result (found {value!r})"
            + TAKE_OUT[0],
            f"sd-scriptsのこのオプションには対応していません（値：{value!r}）。" + TAKE_OUT[1],
        )
    )


def _said(name: str, key: str, value: Any) -> Translated:
    shown = f'"{value}"' if isinstance(value, str) else value
    return Translated(
        {key: value}, (f"{name} is read as {key} = {shown}", f"{name}は{key} = {shown}として読みました")
    )


def _switch(name: str, key: str, value: str, otherwise: str = "") -> Callable[[Any], Translated]:
    """A flag that stands for one value of one of our options, and switched off for the other, if any."""

    def read(given: Any) -> Translated:
        if given:
            return _said(name, key, value)
        return _said(name, key, otherwise) if otherwise and given is False else Translated()

    return read


def _optimizer(value: Any) -> Translated:
    """A name in any case; none leaves it to use_8bit_adam and use_lion_optimizer."""
    if not value:
        return Translated()
    return Translated({"optimizer.optimizer_type": optimizer_name(value)})


def _network_module(value: Any) -> Translated:
    if value in (None, "", "none"):
        return Translated({"network.method": "none"})
    if value in ("networks.lora", "lora"):
        return _said("network_module", "network.method", "lora")
    return Translated(
        refused=(
            f"only networks.lora can be trained here, not {value!r}.",
            f"学習できるのはnetworks.loraだけです（値：{value!r}）。",
        )
    )


def _network_args(given: Any) -> Translated:
    """Arguments of networks.lora; sd-scripts itself ignores names that it does not know."""
    if not given:
        return Translated()
    values, problems = network_args.read(given)
    told = ", ".join(f"{key} = {value}" for key, value in values.items())
    refused = (" ".join(en for en, _ in problems), "".join(ja for _, ja in problems)) if problems else None
    note = (f"network_args is read as {told}", f"network_argsは{told}として読みました") if values else None
    return Translated(values, note, refused)


def _no_grad_part(name: str, key: str) -> Callable[[Any], Translated]:
    """network_train_unet_only and its twin: the other part's rate is 0."""
    return lambda given: _said(name, key, 0.0) if given else Translated()


def _max_token_length(value: Any) -> Translated:
    if value is None:
        return Translated()
    is_number = isinstance(value, str) and value.isascii() and value.isdigit()
    return Translated({"model.max_token_length": int(value) if is_number else value})


def _save_precision(value: Any) -> Translated:
    return Translated() if value is None else Translated({"save.save_precision": value})


def _sampler(value: Any) -> Translated:
    return Translated({"sample.sample_sampler": SAMPLER_ALIASES.get(value, value)})


def _unset_when_zero(name: str) -> Callable[[Any], Translated]:
    """sd-scripts takes 0 for "not given"."""
    return lambda given: Translated({ALIASES[name]: given}) if given else Translated()


def _place_of_resume(given: Any) -> Translated:
    """A state knows its step, its epoch and its place in the data, and no other place would be exact."""
    if not given:
        return Translated()
    return Translated(
        refused=(
            "a resumed run goes on exactly where its state was saved, so this is not needed "
            f"(found {given!r}); take it out and name the state in save.resume.",
            f"再開時は保存した時点から正確に続くため不要です（値：{given!r}）。"
            "削除して、save.resumeに学習状態を指定してください。",
        )
    )


_SPECIAL: Mapping[str, Callable[[Any], Translated]] = {
    **dict.fromkeys(_PLACE_OF_RESUME, _place_of_resume),
    **{
        name: _unset_when_zero(name)
        for name in ("save_n_epoch_ratio", "save_last_n_epochs_state", "save_last_n_steps_state")
    },
    "v2": _switch("v2", "model.family", "sd2", "sd1"),
    "v_parameterization": _switch("v_parameterization", "model.prediction", "v", "epsilon"),
    **{flag: _switch(flag, "model.attention", value) for flag, value in ATTENTION_FLAGS.items()},
    **{flag: _switch(flag, "train.precision", flag) for flag in FULL_PRECISIONS},
    "use_8bit_adam": _switch("use_8bit_adam", "optimizer.optimizer_type", "AdamW8bit"),
    "use_lion_optimizer": _switch("use_lion_optimizer", "optimizer.optimizer_type", "Lion"),
    "optimizer_type": _optimizer,
    "network_module": _network_module,
    "network_args": _network_args,
    "network_train_unet_only": _no_grad_part("network_train_unet_only", "train.text_encoder_lr"),
    "network_train_text_encoder_only": _no_grad_part("network_train_text_encoder_only", "train.unet_lr"),
    "max_token_length": _max_token_length,
    "save_precision": _save_precision,
    "sample_sampler": _sampler,
}
