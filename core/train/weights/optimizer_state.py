"""What an optimizer remembers, as named tensors and plain numbers, and back; no pickles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from core.train.weights.optimizer import ParameterGroup


def export_state(
    optimizer: torch.optim.Optimizer, groups: Sequence[ParameterGroup]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The optimizer's memory by "weight/entry", and by "group//entry" what a whole group has.

    The latter is what changed from the defaults since the optimizer was made: the estimates of D-Adaptation
    and Prodigy, the counters and weights of a schedule-free one.
    """
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    entries: list[tuple[str, Any]] = [
        (f"{name}/{entry}", value)
        for group in groups
        for name, parameter in group.parameters.items()
        for entry, value in optimizer.state.get(parameter, {}).items()
    ]
    for group in optimizer.param_groups:
        entries += [(f"{group['name']}//{entry}", value) for entry, value in _changed(optimizer, group)]
    for name, value in entries:
        if isinstance(value, Tensor):
            tensors[name] = value.detach()
        else:
            numbers[name] = value
    return tensors, numbers


def import_state(
    optimizer: torch.optim.Optimizer,
    groups: Sequence[ParameterGroup],
    tensors: Mapping[str, Tensor],
    numbers: Mapping[str, Any],
) -> None:
    """Put back what export_state gave, bit for bit, each tensor on its parameter's device."""
    parameters = {name: parameter for group in groups for name, parameter in group.parameters.items()}
    wholes = {f"{group['name']}/": group for group in optimizer.param_groups}
    for source in (tensors, numbers):
        for full, value in source.items():
            name, _, entry = full.rpartition("/")
            if name in wholes:
                device = wholes[name]["params"][0].device
                wholes[name][entry] = value.to(device) if isinstance(value, Tensor) else value
            else:
                parameter = parameters[current_name(name)]
                if isinstance(value, Tensor):
                    value = _placed(optimizer, parameter, value)
                optimizer.state[parameter][entry] = value


def current_name(name: str) -> str:
    """The name of a weight in a state of any version, as it is now.

    Earlier versions began it with the learning-rate group, "unet/b04/up/path.parameter", not with the part.
    """
    pieces = name.split("/")
    return f"{pieces[0]}/{pieces[-1]}"


def members(groups: Sequence[ParameterGroup]) -> dict[str, list[str]]:
    """Names of the weights of every group, to be kept beside what is remembered of them."""
    return {group.name: [*group.parameters] for group in groups}


def is_of_groups(
    groups: Sequence[ParameterGroup], names: Iterable[str], then: Mapping[str, list[str]] | None
) -> bool:
    """Whether memory with these names, of groups with these members, means the same to these groups.

    What single weights have always does. then: None in states of earlier versions.
    """
    return then is None or then == members(groups) or not any("//" in name for name in names)


def _changed(optimizer: torch.optim.Optimizer, group: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for entry, value in group.items():
        is_ours = entry in ("params", "lr", "name")
        if not is_ours and (isinstance(value, Tensor) or value != optimizer.defaults.get(entry)):
            yield entry, value


def _placed(optimizer: torch.optim.Optimizer, parameter: nn.Parameter, value: Tensor) -> Tensor:
    """A copy on the parameter's device; torch keeps the step count of a fused optimizer there too.

    Memory that bitsandbytes may page out to RAM has to be made by bitsandbytes.
    """
    is_paged = bool(optimizer.__dict__.get("is_paged", False)) and value.shape == parameter.shape
    if is_paged and parameter.device.type == "cuda":
        placed: Tensor = optimizer.get_state_buffer(parameter, dtype=value.dtype)  # type: ignore[attr-defined]
        return placed.copy_(value)
    return value.to(parameter.device, copy=True)
