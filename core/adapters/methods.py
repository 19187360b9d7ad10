"""The adapter methods that can be trained, as data over PEFT: its config and its names. No torch.

Another method of PEFT is one entry here, its formula in core.adapters.delta, its shapes in
core.adapters.factors, its words in the catalog and its own options.
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

    @property
    def method(self) -> Method:
        """Whose tensors these are."""
        found = method_of(self.tensors)
        assert found is not None, [*self.tensors]
        return found

    @property
    def scale(self) -> float:
        """What the method's product is multiplied by."""
        return self.alpha / self.rank


@dataclass(frozen=True)
class Method:
    """A method, and how files name what it trains.

    config: "module:class" of PEFT's config; "" where `layer`, "module:class" of ours, wraps the modules.
    extend: "module:function" that adds to what PEFT wrapped. forward: "module:function" that makes a faster
    forward than PEFT's, with dropouts. delta: "module:function", the change of a weight. options: ours -> the
    config's or layer's, with "rank" and "alpha". names: the layer's name of a tensor (adapter_layer_names) ->
    its name in files and states. forms: the sets of tensors that a module may have, by those names.
    ranks: (tensor, axis): the first of these that a module has tells its rank. zeros: tensors that start at
    zero, so that the adapter starts without effect; LoRA+ trains them faster. deviations: tensors that start
    normal with this standard deviation; the others start uniform. own_start: tensors that the layer itself
    starts (DoRA's magnitudes). spellings: names that other programs give to a tensor -> ours.
    is_linear: half the strength is half the product; otherwise the change is taken as a whole.
    has_scale: whether alpha / rank counts at all.
    """

    delta: str
    options: Mapping[str, str]
    names: Mapping[str, str]
    forms: tuple[frozenset[str], ...]
    ranks: tuple[tuple[str, int], ...]
    zeros: frozenset[str]
    config: str = ""
    layer: str = ""
    extend: str = ""
    forward: str = ""
    deviations: Mapping[str, float] = field(default_factory=dict)
    own_start: frozenset[str] = frozenset()
    spellings: Mapping[str, str] = field(default_factory=dict)
    is_linear: bool = True
    has_scale: bool = True

    def make_config(self, values: Mapping[str, object], **more: object) -> Any:
        """PEFT's config. values: by our option names. more: by PEFT's names."""
        return called(self.config)(**self._options(values), **more)

    def make_layer(self, base: Any, values: Mapping[str, object]) -> Any:
        """Our own layer around a module. values: by our option names."""
        return called(self.layer)(base, **self._options(values))

    def _options(self, values: Mapping[str, object]) -> dict[str, object]:
        return {theirs: values[ours] for ours, theirs in self.options.items() if ours in values}

    def change(self, adapted: Adapted, weight: Tensor) -> Tensor:
        """What is added to a weight at strength 1: a float32 matrix, outputs x the rest."""
        found: Tensor = called(self.delta)(adapted.tensors, adapted.scale, weight)
        return found

    def rank_of(self, tensors: Mapping[str, Tensor]) -> int | None:
        """The rank of a module with these tensors; None where none has it (a full LoKr): its scale is 1."""
        return next((tensors[name].shape[axis] for name, axis in self.ranks if name in tensors), None)

    def scaled(self, tensors: Mapping[str, Tensor], factor: float) -> dict[str, Tensor]:
        """The tensors of a change that is larger by this factor."""
        scaled = next(name for name in tensors if name in self.zeros)
        return {name: t * factor if name == scaled and factor != 1 else t for name, t in tensors.items()}


def called(place: str) -> Any:
    """What stands at "module:name", imported on use."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


_LORA_NAMES = {"lora_A": "lora_down.weight", "lora_B": "lora_up.weight"}
_LORA_FORM = frozenset(_LORA_NAMES.values())
_LORA_SPELLINGS = {
    "lora.down.weight": "lora_down.weight",
    "lora.up.weight": "lora_up.weight",
    "lora_linear_layer.down.weight": "lora_down.weight",
    "lora_linear_layer.up.weight": "lora_up.weight",
}
_HADA = ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")
_LOKR_FIRST = (frozenset({"lokr_w1"}), frozenset({"lokr_w1_a", "lokr_w1_b"}))
_LOKR_SECOND = (frozenset({"lokr_w2"}), frozenset({"lokr_w2_a", "lokr_w2_b"}))
_LOKR = tuple(sorted(frozenset().union(*_LOKR_FIRST, *_LOKR_SECOND)))
_DROPOUTS = {"rank_dropout": "rank_dropout", "module_dropout": "module_dropout"}

_METHODS = {
    "lora": Method(
        config="peft:LoraConfig",
        forward="core.adapters.lora:make_forward",
        delta="core.adapters.delta:lora",
        options={"rank": "r", "alpha": "lora_alpha"},
        names=_LORA_NAMES,
        forms=(_LORA_FORM,),
        ranks=(("lora_down.weight", 0),),
        zeros=frozenset({"lora_up.weight"}),
        spellings=_LORA_SPELLINGS,
    ),
    "dora": Method(
        config="peft:LoraConfig",
        extend="core.adapters.dora:add_magnitudes",
        forward="core.adapters.dora:make_forward",
        delta="core.adapters.delta:dora",
        options={"rank": "r", "alpha": "lora_alpha"},
        names={**_LORA_NAMES, "lora_magnitude_vector": "dora_scale"},
        forms=(_LORA_FORM | {"dora_scale"},),
        ranks=(("lora_down.weight", 0),),
        zeros=frozenset({"lora_up.weight"}),
        own_start=frozenset({"dora_scale"}),
        spellings=_LORA_SPELLINGS,
        is_linear=False,
    ),
    "loha": Method(
        config="peft:LoHaConfig",
        delta="core.adapters.delta:loha",
        options={"rank": "r", "alpha": "alpha", **_DROPOUTS},
        names=dict(zip(_HADA, _HADA, strict=True)),
        forms=(frozenset(_HADA),),
        ranks=(("hada_w1_b", 0),),
        zeros=frozenset({"hada_w2_a"}),
        # As LyCORIS starts them: the learning rates that people use are for that.
        deviations={"hada_w1_a": 0.1, "hada_w1_b": 1.0, "hada_w2_b": 1.0},
    ),
    "lokr": Method(
        config="peft:LoKrConfig",
        forward="core.adapters.lokr:make_forward",
        delta="core.adapters.delta:lokr",
        options={
            "rank": "r",
            "alpha": "alpha",
            "factor": "decompose_factor",
            "decompose_both": "decompose_both",
            **_DROPOUTS,
        },
        names=dict(zip(_LOKR, _LOKR, strict=True)),
        forms=tuple(first | second for first in _LOKR_FIRST for second in _LOKR_SECOND),
        ranks=(("lokr_w2_b", 0), ("lokr_w1_b", 0)),
        zeros=frozenset({"lokr_w2", "lokr_w2_b"}),
    ),
    "oft": Method(
        layer="core.adapters.oft:OutputRotation",
        delta="core.adapters.delta:oft",
        options={"rank": "block_size_at_most"},
        names={"oft_blocks": "oft_blocks"},
        forms=(frozenset({"oft_blocks"}),),
        ranks=(("oft_blocks", 1),),
        zeros=frozenset({"oft_blocks"}),
        is_linear=False,
        has_scale=False,
    ),
}
METHODS: Mapping[str, Method] = MappingProxyType(_METHODS)
"""By the values of network.method; "none" trains the model itself and has no adapter."""


def method_of(names: Collection[str]) -> Method | None:
    """The method of which these are all tensors of one module; None where they are of none, or not all."""
    return next((method for method in METHODS.values() if frozenset(names) in method.forms), None)
