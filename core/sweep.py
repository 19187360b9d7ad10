"""The same run with different values of one option or two: which runs these are, and what they are called."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core import messages
from core.config.check import check
from core.config.file import toml_text
from core.config.schema import numbers
from core.config.schema.kinds import kind
from core.config.schema.option import Option
from core.config.schema.run import OPTIONS
from core.errors import ConfigError, UserError

MOST = 64
"""Runs of one sweep; more are a slip of the pen."""

KINDS = ("decimal", "digits", "choice", "check", "share")
"""Options of these kinds can be varied; folders and texts make other runs, not variants of one."""

NOT_VARIED = frozenset(
    (
        *("save", "log", "sample", "model"),
        *("train.validate_every_n_steps", "train.validate_every_n_epochs", "train.max_validation_steps"),
    )
)
"""Sections and options whose values make no other training, or another base model."""

_SHORT = {
    "train.learning_rate": "lr",
    "train.max_train_steps": "steps",
    "train.max_train_epochs": "epochs",
    "optimizer.optimizer_type": "",
    "optimizer.lr_scheduler": "",
    "network.method": "",
    "dataset.train_batch_size": "batch",
    "train.gradient_accumulation_steps": "accumulate",
}
"""What stands before a value in a run's name, where it is not the option's own; "" where values speak."""

_RANGE = re.compile(r"(.+?)\s*\.\.\s*(.+?)\s+(?:in\s+)?([0-9]+)", re.IGNORECASE)
_SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


@dataclass(frozen=True)
class Axis:
    """An option and the values it takes, as TOML, with how each is called in a name."""

    option: Option
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Variant:
    """One run of a sweep. text: its whole run file."""

    name: str
    text: str


def varied(option: Option) -> bool:
    """Whether an option can be varied."""
    return not {option.section, option.key} & NOT_VARIED and kind(option) in KINDS


def axis(key: str, text: str) -> Axis:
    """Values as people write them: "1e-4, 2e-4", or "1e-5..1e-3 in 5". Raises UserError.

    Learning rates of a range lie apart by the same factor, all other numbers by the same difference.
    """
    option = OPTIONS.get(key)
    if option is None or not varied(option):
        raise UserError(messages.SWEEP_OPTION(option=key[:100]))
    # Single blanks: many of them would take the pattern of a range minutes.
    narrow = " ".join(numbers.narrow(text[:2000]).split())
    spread = _RANGE.fullmatch(narrow)
    if spread is not None:
        written = _spread(option, *spread.groups())
    else:
        written = [part.strip() for part in narrow.split(",") if part.strip()]
    if not written:
        raise UserError(messages.SWEEP_NO_VALUES(key=key))
    values = dict.fromkeys((_toml(option, part), _called(option, part)) for part in written)
    if len(values) > MOST:
        raise UserError(messages.SWEEP_MANY(count=len(values), most=MOST))
    return Axis(option, tuple(values))


def variants(text: str, axes: Sequence[Axis], overrides: Sequence[str] = ()) -> tuple[Variant, ...]:
    """The runs of every combination, each checked, the last axis changing fastest. Raises UserError."""
    count = math.prod(len(each.values) for each in axes)
    if count > MOST:
        raise UserError(messages.SWEEP_MANY(count=count, most=MOST))
    if len({each.option.key for each in axes}) < len(axes):
        raise UserError(messages.SWEEP_TWICE(key=axes[0].option.key))
    base = check(text, overrides).config.save.output_name or "last"
    return tuple(_variants(text, axes, [*overrides], base))


def _variants(text: str, axes: Sequence[Axis], overrides: list[str], base: str) -> Iterator[Variant]:
    for chosen in itertools.product(*(each.values for each in axes)):
        pairs = [*zip(axes, chosen, strict=True)]
        name = "-".join([base, *(called for _, (_, called) in pairs)])
        own = [f"{each.option.key}={value}" for each, (value, _) in pairs]
        own += ['save.resume=""', f"save.output_name={toml_text.toml_value(name)}"]
        config = check(text, [*overrides, *own]).config
        yield Variant(name, toml_text.dumps(toml_text.values_of(config)))


def _spread(option: Option, first: str, last: str, count: str) -> list[str]:
    low, high, n = numbers.number(first), numbers.number(last), int(count)
    if low is None or high is None or kind(option) in ("choice", "check"):
        raise UserError(messages.SWEEP_RANGE(key=option.key))
    if not 2 <= n <= MOST:
        raise UserError(messages.SWEEP_MANY(count=n, most=MOST))
    if is_rate(option) and low > 0 and high > 0:
        found = [low * (high / low) ** (i / (n - 1)) for i in range(n)]
    else:
        found = [low + (high - low) * i / (n - 1) for i in range(n)]
    if kind(option) == "digits":
        return [str(round(value)) for value in found]
    return [f"{value:.3g}" for value in found]


def is_rate(option: Option) -> bool:
    """Whether an option is a learning rate."""
    return option.name == "learning_rate" or option.name.endswith("_lr")


def _toml(option: Option, text: str) -> str:
    """A value as the run file has it; the checker says what it thinks of it."""
    match kind(option):
        case "check":
            if text.lower() not in _SWITCH:
                raise UserError(messages.SWEEP_SWITCH(key=option.key))
            return "true" if _SWITCH[text.lower()] else "false"
        case "decimal" | "digits":
            number = numbers.number(text)
            if number is None:
                raise ConfigError(messages.SWEEP_NUMBER(key=option.key, value=text[:40]))
            return toml_text.toml_value(float(number) if kind(option) == "decimal" else number)
        case _:
            return toml_text.toml_value(text)


def _called(option: Option, text: str) -> str:
    """A value in a name: "lr1e-4", "rank16", "cosine"; without signs that no file name may have."""
    before = _SHORT.get(option.key)
    before = option.name.replace("_", "") if before is None else before
    number = None if kind(option) == "choice" else numbers.decimal(text)
    value = _plain(number) if number is not None else re.sub(r"[^\w.+-]", "", text)
    return f"{before}{value}"


def _plain(number: float) -> str:
    """0.0001 -> "1e-4", 0.05 -> "0.05", 16.0 -> "16"."""
    if 0 < abs(number) < 1e-2:
        mantissa, _, exponent = f"{number:.6e}".partition("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{number:g}"
