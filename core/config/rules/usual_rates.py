"""Which learning rates are usual: by what is trained and by the optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.catalog import OPTIMIZERS, Role, Words
from core.config import optimizer_args
from core.config.optimizer_args import ArgumentFault
from core.config.schema.run import RunConfig

TOO_HIGH, TOO_LOW = 5, 10
"""So many times above or below what is usual is worth a word."""


@dataclass(frozen=True)
class Usual:
    """From low to high, and the one to begin with."""

    low: float
    typical: float
    high: float

    @property
    def words(self) -> Words:
        """The range for people: "1e-5 to 1e-3"."""
        low, high = shown(self.low), shown(self.high)
        return (
            Words(shown(self.typical), shown(self.typical))
            if low == high
            else Words(f"{low} to {high}", f"{low}〜{high}")
        )

    def is_far_above(self, rate: float) -> bool:
        """Whether training with this rate will most likely fail."""
        return rate > TOO_HIGH * self.high

    def is_far_below(self, rate: float) -> bool:
        """Whether training with this rate will hardly change anything."""
        return rate < 0.999 * self.low / TOO_LOW


FOUND = Usual(1.0, 1.0, 1.0)
"""Of optimizers that find the rate themselves: a factor of it."""

_ADAMW: Mapping[tuple[str, Role], Usual] = {
    ("none", "denoiser"): Usual(4e-7, 1e-6, 1e-5),
    ("lora", "denoiser"): Usual(1e-5, 1e-4, 1e-3),
    ("none", "text"): Usual(1e-7, 5e-7, 5e-6),
    ("lora", "text"): Usual(5e-6, 5e-5, 5e-4),
}
"""By method and part. Sources: the options' own words, the presets, and what the guides of sd-scripts
recommend: 4e-7 as that of SDXL's makers (docs/train_SDXL-en.md), and for text encoders a lower rate than for
the U-Net, such as 5e-5 beside 1e-4 (docs/train_network_README-ja.md)."""

TEXT_RATES = ("text_encoder_lr", "text_encoder_2_lr")
"""Options of [train] with the rate of text encoders alone."""


def role_of(key: str) -> Role:
    """Whose rate an option holds, "train.unet_lr"; the common one counts as the U-Net's."""
    return "text" if key.removeprefix("train.") in TEXT_RATES else "denoiser"


def of(method: str, optimizer: str, role: Role = "denoiser") -> Usual:
    """method: of [network]. optimizer: a key of OPTIMIZERS, with a rate of one's own where it has one.

    Lion wants a third to a tenth of AdamW's rate (Chen et al. 2023, arXiv:2302.06675, section 5),
    schedule-free AdamW one to ten times as much (Defazio et al. 2024, arXiv:2405.15682), SGD some powers of
    ten more.
    """
    spec = OPTIMIZERS[optimizer]
    if spec.finds_rate:
        return FOUND
    adamw = _ADAMW["none" if method == "none" else "lora", role]
    if "Lion" in optimizer:
        return Usual(adamw.low / 10, adamw.typical / 3, adamw.high / 3)
    if "SGD" in optimizer:
        return Usual(adamw.low * 10, adamw.typical * 1000, adamw.high * 10_000)
    if spec.is_schedule_free:
        return Usual(adamw.low, adamw.typical * 3, adamw.high * 10)
    return adamw


def of_run(config: RunConfig, role: Role = "denoiser") -> Usual | None:
    """What is usual for a run; None where no rate counts, as with Adafactor's own steps."""
    try:
        is_relative = optimizer_args.relative_step(config.optimizer)
    except ArgumentFault:
        is_relative = False  # said by a rule of its own
    return None if is_relative else of(config.network.method, config.optimizer.optimizer_type, role)


def in_use(config: RunConfig) -> dict[str, float]:
    """The rates above 0 that count, by the option they come from, "train.unet_lr"; the U-Net's first."""
    train = config.train
    own: dict[Role, tuple[str, ...]] = {
        "denoiser": ("unet_lr",), "text": TEXT_RATES,
    }  # fmt: skip
    found = {}
    for role, rate in train.rates().items() if config.network.method != "embedding" else ():
        name = next((name for name in own[role] if getattr(train, name) == rate), "learning_rate")
        found[f"train.{name}"] = rate
    return found


def shown(rate: float) -> str:
    """As people write it: 1e-6, 1.5e-3, 0.05, 1."""
    mantissa, _, exponent = f"{rate:.2e}".partition("e")
    return f"{rate:.3g}" if -3 < int(exponent) < 4 else f"{float(mantissa):g}e{int(exponent)}"
