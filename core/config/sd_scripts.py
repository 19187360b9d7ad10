"""The guide's and sd-scripts' own option names: what each one means here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.catalog import ATTENTIONS, PRECISIONS, SAMPLER_ALIASES, optimizer_name
from core.config import lycoris_args, messages, network_args
from core.config.pydantic_messages import shown
from core.config.schema.numbers import number
from core.config.schema.run import OPTIONS
from core.config.sd_scripts_reference import HARMLESS, NOT_HERE, NOT_NEEDED, OF_THE_WINDOW
from core.errors import Message, Problem
from core.families import FAMILIES

# The names that say the same in our words, from the declarations.
ALIASES: Mapping[str, str] = {name: key for key, option in OPTIONS.items() for name in option.meta.sd_scripts}

ATTENTION_FLAGS: Mapping[str, str] = {
    name: next(value for value in ATTENTIONS if value in name)
    for name, key in ALIASES.items()
    if key == "model.attention"
}
"""Flags of sd-scripts of which several may be set -> our value; the first of them wins, as there."""

FULL_PRECISIONS: Mapping[str, str] = {
    name: name.removeprefix("full_") for name in PRECISIONS if name.startswith("full_")
}
"""Flags of sd-scripts that say more of a mixed_precision -> the one that they need beside them."""

# How sd-scripts finds its place again after a resume.
_PLACE_OF_RESUME = ("initial_epoch", "initial_step", "skip_until_initial_step")


@dataclass(frozen=True)
class Translated:
    """values: our key -> value. note: what it was read as, when the name or value is another here.

    refused: why it can't be taken. is_switch: the values hold whatever else is given. rates: all learning
    rates of a list, of which `values` has the first; whose the others are depends on the model. defaults:
    "lycoris" where its defaults hold for what is not given.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    note: Problem | None = None
    refused: tuple[Problem, ...] = ()
    is_switch: bool = False
    rates: tuple[Any, ...] = ()
    defaults: str = ""


Reader = Callable[[Any], Translated]
"""What a value given for one option of sd-scripts means here."""


def knows(name: str, is_foreign: bool = False) -> bool:
    """Whether sd-scripts has an option of this name, used here or not.

    is_foreign: the text is another program's, so that the fields of kohya_ss's window count as well.
    """
    is_own = name in ALIASES or name in NOT_NEEDED or name in NOT_HERE or name in _SPECIAL
    return is_own or (is_foreign and name in OF_THE_WINDOW)


def translate(name: str, value: Any) -> Translated:
    """What one sd-scripts option means here."""
    if name in _SPECIAL:
        return _SPECIAL[name](value)
    if name in ALIASES:
        key = ALIASES[name]
        note = None if key.split(".")[1] == name else messages.READ_AS(name=name, value=key)
        return Translated({key: value}, note)
    if name in OF_THE_WINDOW:
        return Translated(note=messages.WINDOW_FIELD(name=name))
    if name in NOT_NEEDED:
        return Translated(note=messages.NOT_NEEDED(name=name, reason=NOT_NEEDED[name]))
    if not value or value in HARMLESS.get(name, ()):
        return Translated()
    return Translated(refused=(messages.NOT_HERE(reason=NOT_HERE[name], value=shown(value)),))


def _translated(name: str, key: str, value: Any) -> Translated:
    plain = f'"{value}"' if isinstance(value, str) else value
    return Translated({key: value}, messages.READ_AS(name=name, value=f"{key} = {plain}"))


def _switch(name: str, key: str, value: str, otherwise: str = "") -> Reader:
    """A flag that stands for one value of one of our options, and switched off for the other, if any."""

    def read(given: Any) -> Translated:
        if given:
            return _translated(name, key, value)
        return _translated(name, key, otherwise) if otherwise and given is False else Translated()

    return read


def _network_module(value: Any) -> Translated:
    if value in (None, "", "none"):
        return Translated({"network.method": "none"})
    if value in ("networks.lora", "lora"):
        return _translated("network_module", "network.method", "lora")
    if value in lycoris_args.MODULES:
        return Translated(defaults="lycoris")
    if value in ("networks.loha", "networks.lokr"):
        return _translated("network_module", "network.method", str(value).removeprefix("networks."))
    return Translated(refused=(messages.NETWORK_MODULE(value=shown(value)),))


def _network_args(given: Any) -> Translated:
    """Arguments of networks.lora or LyCORIS; sd-scripts itself ignores names that it does not know."""
    values, problems = network_args.read(given or [])
    listed = ", ".join(f"{key} = {value}" for key, value in values.items())
    note = messages.READ_AS(name="network_args", value=listed) if values else None
    return Translated(values, note, tuple(problems), is_switch="train.text_encoder_lr" in values)


def _no_grad_part(name: str, key: str) -> Reader:
    """network_train_unet_only and its twin: the other part's rate is 0, whatever is given for it."""
    return lambda given: replace(_translated(name, key, 0.0), is_switch=True) if given else Translated()


def _train_text_encoder(given: Any) -> Translated:
    """fine_tune.py's flag. Where it is absent, `scripts.finish` says what the script does then."""
    return Translated() if given else text_encoder_rests("train_text_encoder = false")


def text_encoder_rests(why: str) -> Translated:
    """The text encoder is not trained, as a script of sd-scripts would have it."""
    return replace(_translated(why, "train.text_encoder_lr", 0.0), is_switch=True)


def _listed(given: Any) -> list[Any]:
    """The values of a list, also of one in text: "[5e-05, 6e-05]" or "5e-5 6e-5"."""
    items = given if isinstance(given, list | tuple) else [given]
    values: list[Any] = []
    for item in items:
        values += item.strip("[]() ").replace(",", " ").split() if isinstance(item, str) else [item]
    return values


LISTS = frozenset(("text_encoder_lr",))
"""Options that are a list in sd-scripts and one value here."""


MOST_ENCODERS = max(len(spec.names("text")) for spec in FAMILIES.values())


def _text_encoder_lr(name: str) -> Reader:
    """A rate, or one for each text encoder."""
    key = "train.text_encoder_lr"

    def read(given: Any) -> Translated:
        rates = _listed(given)
        if not rates or given is None:
            return Translated()
        if len(rates) > MOST_ENCODERS:
            return Translated(refused=(messages.TOO_MANY_RATES(most=MOST_ENCODERS, found=len(rates)),))
        value = given if isinstance(rates[0], str) and number(rates[0]) is None else _number(rates[0])
        if len(rates) > 1:
            return Translated({key: value}, rates=(value, *map(_number, rates[1:])))
        return Translated({key: value}) if name in key else _translated(name, key, value)

    return read


def _unless(empty: Collection[Any], name: str, read: Callable[[Any], Any] = lambda value: value) -> Reader:
    """The value of an option, read; nothing for what sd-scripts takes for "not given"."""
    return lambda given: Translated() if given in empty else Translated({ALIASES[name]: read(given)})


def _number(value: Any) -> Any:
    as_number = number(value) if isinstance(value, str) else None
    return value if as_number is None else as_number


def _refused(message: Message) -> Reader:
    return lambda given: Translated(refused=(message(value=shown(given)),)) if given else Translated()


def _fused_groups(given: Any) -> Translated:
    """In groups of weights, or weight by weight, gradients of the whole model never exist at once."""
    name, is_on = "fused_optimizer_groups", given not in (None, False, 0, "0", "")
    return _translated(name, "train.fused_backward_pass", True) if is_on else Translated()


_SPECIAL: Mapping[str, Reader] = {
    "config_file": _refused(messages.CONFIG_FILE),
    **dict.fromkeys(_PLACE_OF_RESUME, _refused(messages.PLACE_OF_RESUME)),
    **{
        name: _unless((0, "0", "", None), name)
        for name in ("save_n_epoch_ratio", "save_last_n_epochs_state", "save_last_n_steps_state")
    },
    "v2": _switch("v2", "model.family", "sd2", "sd1"),
    # kohya_ss's boxes for the families that sd-scripts has a script of its own for.
    **{
        field: _switch(field, "model.family", family.name)
        for family in FAMILIES.values()
        if family.script_prefix
        for field in (family.name, f"{family.name}_checkbox")
    },
    "v_parameterization": _switch("v_parameterization", "model.prediction", "v", "epsilon"),
    **{flag: _switch(flag, "model.attention", value) for flag, value in ATTENTION_FLAGS.items()},
    **{flag: _switch(flag, "train.precision", flag) for flag in FULL_PRECISIONS},
    "use_8bit_adam": _switch("use_8bit_adam", "optimizer.optimizer_type", "AdamW8bit"),
    "use_lion_optimizer": _switch("use_lion_optimizer", "optimizer.optimizer_type", "Lion"),
    # A name in any case; none leaves it to use_8bit_adam and use_lion_optimizer.
    "optimizer_type": _unless(("", None, False), "optimizer_type", optimizer_name),
    "network_module": _network_module,
    "network_args": _network_args,
    "network_train_unet_only": _no_grad_part("network_train_unet_only", "train.text_encoder_lr"),
    "network_train_text_encoder_only": _no_grad_part("network_train_text_encoder_only", "train.unet_lr"),
    **{name: _text_encoder_lr(name) for name in ("text_encoder_lr", "learning_rate_te")},
    "fused_optimizer_groups": _fused_groups,
    "train_text_encoder": _train_text_encoder,
    "max_token_length": _unless((None,), "max_token_length", _number),
    "save_precision": _unless((None,), "save_precision"),
    "sample_sampler": _unless((), "sample_sampler", lambda name: SAMPLER_ALIASES.get(str(name), name)),
}
