"""Optimizers: made by name, their arguments checked, their state as plain tensors and numbers."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.catalog import OPTIMIZERS
from core.config.schema import OptimizerConfig
from core.errors import Problem, UserError

OWN = frozenset({"params", "lr", "fused", "foreach", "capturable", "differentiable", "maximize"})
"""Arguments that the trainer sets itself."""

KEY = "optimizer.optimizer_args"


@dataclass(frozen=True)
class Group:
    """Parameters trained with one rate; by their own names.

    name: the part of the model, "unet" or "text_encoder", or with a slash what of it, "unet/up".
    """

    name: str
    rate: float
    parameters: Mapping[str, nn.Parameter]

    @property
    def part(self) -> str:
        """The part of the model that they belong to."""
        return self.name.partition("/")[0]


def make(config: OptimizerConfig, groups: Sequence[Group]) -> torch.optim.Optimizer:
    """The optimizer over these groups, one parameter group for each, in order, with its "name".

    torch's own run fused: one pass over the parameters, and able to leave out a step that went wrong without
    asking the host. Raises UserError when it can't be imported or its arguments do not fit.
    """
    kind = _import(config.optimizer_type)
    arguments = dict(OPTIMIZERS[config.optimizer_type].defaults) | parse_args(config.optimizer_args, kind)
    if "fused" in inspect.signature(kind.__init__).parameters:
        arguments["fused"] = True
    members = [
        {"params": list(group.parameters.values()), "lr": group.rate, "name": group.name} for group in groups
    ]
    try:
        return kind(members, lr=groups[0].rate, **arguments)
    except (TypeError, ValueError, RuntimeError) as e:
        raise _bad_args(
            f"{config.optimizer_type} does not take these arguments ({e})",
            f"{config.optimizer_type}に渡せない引数です（{e}）",
        ) from e


def parse_args(lines: Sequence[str], kind: type) -> dict[str, Any]:
    """Arguments such as "weight_decay=0.01" or "betas=0.9,0.999" as Python values.

    Raises UserError for a line that is none, a value that is no literal, and a name the optimizer does not
    know.
    """
    known = set(inspect.signature(kind.__init__).parameters) - {"self"} - OWN
    values: dict[str, Any] = {}
    for line in lines:
        name, equals, text = (piece.strip() for piece in line.partition("="))
        if not equals or not name:
            raise _bad_args(
                f"write name=value, such as weight_decay=0.01, not {line!r}",
                f"「weight_decay=0.01」のように「名前=値」で書いてください（{line!r}）",
            )
        if name not in known:
            listed = ", ".join(sorted(known))
            raise _bad_args(
                f"{kind.__name__} has no argument {name} to be set here; there are: {listed}",
                f"{kind.__name__}には、ここで指定できる引数{name}はありません。指定できるもの: {listed}",
            )
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError) as e:
            raise _bad_args(
                f"the value of {name} is no number, list or True/False: {text}",
                f"{name}の値が数値・リスト・True/Falseのいずれでもありません: {text}",
            ) from e
    return values


def can_skip(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step can be left out on the device itself (a fused optimizer reads `found_inf`)."""
    return bool(optimizer.__dict__.get("_step_supports_amp_scaling", False))


def is_schedule_free(optimizer: torch.optim.Optimizer) -> bool:
    """Whether the optimizer's weights are not those to use, and it has a mode for each (train, eval)."""
    return "train_mode" in optimizer.defaults


def drop_group(optimizer: torch.optim.Optimizer, name: str) -> None:
    """Stop training one group: its gradients, its state and its weight decay are gone."""
    for group in optimizer.param_groups:
        for parameter in group["params"] if group["name"] == name else ():
            parameter.grad = None
            parameter.requires_grad_(False)
            optimizer.state.pop(parameter, None)
    optimizer.param_groups = [group for group in optimizer.param_groups if group["name"] != name]


def export_state(
    optimizer: torch.optim.Optimizer, groups: Sequence[Group]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The optimizer's memory as tensors and plain numbers, by "group/parameter/entry"."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    for name, parameter in _named(groups):
        for entry, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                tensors[f"{name}/{entry}"] = value.detach()
            else:
                numbers[f"{name}/{entry}"] = value
    return tensors, numbers


def import_state(
    optimizer: torch.optim.Optimizer,
    groups: Sequence[Group],
    tensors: Mapping[str, Tensor],
    numbers: Mapping[str, Any],
) -> None:
    """Put back what export_state gave, bit for bit, each tensor on its parameter's device."""
    parameters = dict(_named(groups))
    for source in (tensors, numbers):
        for full, value in source.items():
            name, _, entry = full.rpartition("/")
            parameter = parameters[name]
            if isinstance(value, Tensor):
                # torch keeps the step count of a fused optimizer on the parameter's device too.
                value = value.to(parameter.device, copy=True)
            optimizer.state[parameter][entry] = value


def _named(groups: Sequence[Group]) -> Iterator[tuple[str, nn.Parameter]]:
    for group in groups:
        for name, parameter in group.parameters.items():
            yield f"{group.name}/{name}", parameter


def _import(name: str) -> type:
    """The class of an optimizer of the catalog. Raises UserError when its package is missing."""
    spec = OPTIMIZERS[name]
    module, _, attribute = spec.code.partition(":")
    try:
        found: type = getattr(importlib.import_module(module), attribute)
    except (ImportError, OSError, RuntimeError) as e:
        raise UserError(
            Problem(
                "E-OPT-MISSING",
                f"{name} needs {spec.pip}, which can't be loaded ({e}): pip install {spec.pip}, or use AdamW",
                f"{name}に必要な{spec.pip}を読み込めません（{e}）。"
                f"pip install {spec.pip} を実行するか、AdamWを選んでください",
                key="optimizer.optimizer_type",
            )
        ) from e
    return found


def _bad_args(en: str, ja: str) -> UserError:
    return UserError(Problem("E-OPT-ARGS", en, ja, key=KEY))
