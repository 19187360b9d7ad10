"""The adapter methods that can be trained, as data over PEFT: its config and its names. No torch.

Another method is one entry here, its words in the catalog and its own options, if its change of a weight is a
product of its tensors (those apart that start as PEFT makes them): LoHa, LoKr and DoRA are such.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Adapted(NamedTuple):
    """What is added to one module: its tensors by the names in files, and the scale alpha / rank."""

    tensors: Mapping[str, Tensor]
    alpha: float
    rank: int


@dataclass(frozen=True)
class Method:
    """A method of PEFT, and how files name what it trains.

    config: "module:class" of PEFT's config. options: ours -> the config's, with "rank" and "alpha". fixed:
    what else the config is made with. names: PEFT's name of a tensor (adapter_layer_names) -> its name in
    files and states. forms: the sets of tensors that a module may have, by those names. ranks: the first axis
    of the first of these that a module has is its rank. zeros: tensors that start at zero, so that the
    adapter starts without effect; LoRA+ trains them faster. peft_start: tensors that start as PEFT makes
    them, a magnitude for each output (DoRA); files hold those as a column. spellings: names that other
    programs give to a tensor -> ours.
    """

    config: str
    options: Mapping[str, str]
    names: Mapping[str, str]
    forms: tuple[frozenset[str], ...]
    ranks: tuple[str, ...]
    zeros: frozenset[str]
    peft_start: frozenset[str] = frozenset()
    fixed: Mapping[str, object] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)

    def make_config(self, values: Mapping[str, object], **more: object) -> Any:
        """PEFT's config. values: by our option names. more: by PEFT's names."""
        module, _, name = self.config.partition(":")
        options = {self.options[ours]: value for ours, value in values.items()}
        return getattr(importlib.import_module(module), name)(**options, **self.fixed, **more)

    def rank_of(self, tensors: Mapping[str, Tensor]) -> int | None:
        """The rank of a module with these tensors; None where none has it (a full LoKr): its scale is 1."""
        return next((tensors[name].shape[0] for name in self.ranks if name in tensors), None)

    def scaled(self, tensors: Mapping[str, Tensor], factor: float) -> dict[str, Tensor]:
        """The tensors of a change that is larger by this factor."""
        scaled = next(name for name in tensors if name in self.zeros)
        return {name: t * factor if name == scaled and factor != 1 else t for name, t in tensors.items()}


_METHODS = {
    "lora": Method(
        config="peft:LoraConfig",
        options={"rank": "r", "alpha": "lora_alpha"},
        names={"lora_A": "lora_down.weight", "lora_B": "lora_up.weight"},
        forms=(frozenset({"lora_down.weight", "lora_up.weight"}),),
        ranks=("lora_down.weight",),
        zeros=frozenset({"lora_up.weight"}),
        spellings={
            "lora.down.weight": "lora_down.weight",
            "lora.up.weight": "lora_up.weight",
            "lora_linear_layer.down.weight": "lora_down.weight",
            "lora_linear_layer.up.weight": "lora_up.weight",
        },
    ),
}
METHODS: Mapping[str, Method] = MappingProxyType(_METHODS)
"""By the values of network.method; "none" trains the model itself and has no adapter."""


def method_of(names: Collection[str]) -> Method | None:
    """The method of which these are all tensors of one module; None where they are of none, or not all."""
    return next((method for method in METHODS.values() if frozenset(names) in method.forms), None)
