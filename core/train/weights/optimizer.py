"""Optimizers: made by name, their arguments checked, one learning rate for each part of the model."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from core.catalog import OPTIMIZERS, Role
from core.config import optimizer_args
from core.config.schema.optimizer import OptimizerConfig
from core.errors import Problem, UserError
from core.train.weights import messages

OWN = frozenset(
    {"params", "lr", "fused", "foreach", "capturable", "differentiable", "maximize", "fsdp_in_use"}
)
"""Arguments that the trainer sets itself."""


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters trained with one rate.

    name: the part of the model, or with a slash what of it, as "unet/up". parameters:
    by their names (core.adapters.targets.WeightKey), which do not know of the group.
    """

    name: str
    rate: float
    parameters: Mapping[str, nn.Parameter]

    @property
    def part(self) -> str:
        """The part of the model that they belong to."""
        return self.name.partition("/")[0]


def check(config: OptimizerConfig) -> list[Problem]:
    """What can be said before the model is loaded; the notices.

    Raises UserError when the optimizer can't be imported or its arguments have the wrong names.
    """
    _parse_args(config.optimizer_args, _import(config.optimizer_type))
    if OPTIMIZERS[config.optimizer_type].is_paged and not torch.cuda.is_available():
        return [messages.OPTIMIZER_PAGED(optimizer=config.optimizer_type)]
    return []


def level(
    config: OptimizerConfig, groups: Sequence[ParameterGroup], rates: Mapping[Role, float]
) -> tuple[ParameterGroup, ...]:
    """The groups; with an optimizer that finds the rate itself all of them have one rate, the first.

    Its estimate is one number over all weights (Defazio and Mishchenko 2023, arXiv:2301.07733).
    """
    if not OPTIMIZERS[config.optimizer_type].finds_rate:
        return tuple(groups)
    return tuple(replace(group, rate=next(iter(rates.values()))) for group in groups)


def make(config: OptimizerConfig, groups: Sequence[ParameterGroup]) -> torch.optim.Optimizer:
    """The optimizer over these groups, one parameter group for each, in order, with its "name".

    torch's own run fused: one pass over the parameters, and able to leave out a step that went wrong without
    asking the host. Raises UserError when it can't be imported or its arguments do not fit.
    """
    spec, kind = OPTIMIZERS[config.optimizer_type], _import(config.optimizer_type)
    given = dict(spec.defaults) | _parse_args(config.optimizer_args, kind)
    given["lr"] = groups[0].rate
    if "fused" in inspect.signature(kind).parameters:
        given["fused"] = True
    if config.optimizer_type == "Adafactor":
        given["relative_step"] = optimizer_args.relative_step(config)
        given["lr"] = None if given["relative_step"] else given["lr"]
    members = [
        {"params": list(group.parameters.values()), "lr": group.rate, "name": group.name} for group in groups
    ]
    try:
        made: torch.optim.Optimizer = kind(members, **given)
    except (TypeError, ValueError, RuntimeError) as e:
        raise UserError(messages.ARGUMENTS_REFUSED(optimizer=config.optimizer_type, reason=str(e))) from e
    if spec.is_schedule_free:
        made.train()  # type: ignore[attr-defined]
    return made


def can_skip(optimizer: torch.optim.Optimizer) -> bool:
    """Whether a step can be left out on the device itself (a fused optimizer reads `found_inf`)."""
    return bool(optimizer.__dict__.get("_step_supports_amp_scaling", False))


@contextmanager
def stepping_only(
    optimizer: torch.optim.Optimizer, group: dict[str, Any], parameter: nn.Parameter
) -> Iterator[None]:
    """Let an optimizer see a single parameter of a group, so that it need not walk over all of them."""
    groups, members = optimizer.param_groups, group["params"]
    optimizer.param_groups, group["params"] = [group], [parameter]
    try:
        yield
    finally:
        optimizer.param_groups, group["params"] = groups, members


def is_schedule_free(optimizer: torch.optim.Optimizer) -> bool:
    """Whether the optimizer's weights are not those to use, and it has a mode for each (train, eval)."""
    return "train_mode" in optimizer.defaults


def applied_rates(optimizer: torch.optim.Optimizer, wanted: Mapping[str, float]) -> dict[str, float]:
    """The rates as they are applied: ours times the estimate of an optimizer that has one."""
    estimates = {group["name"]: float(group.get("d", 1.0)) for group in optimizer.param_groups}
    return {name: rate * estimates[name] for name, rate in wanted.items()}


def drop_group(optimizer: torch.optim.Optimizer, name: str) -> None:
    """Stop training one group: its gradients, its state and its weight decay are gone."""
    for group in optimizer.param_groups:
        for parameter in group["params"] if group["name"] == name else ():
            parameter.grad = None
            parameter.requires_grad_(False)
            optimizer.state.pop(parameter, None)
    optimizer.param_groups = [group for group in optimizer.param_groups if group["name"] != name]


def _parse_args(lines: Sequence[str], kind: type) -> dict[str, Any]:
    """Arguments as Python values. Raises UserError for a bad line or a name the optimizer does not know."""
    try:
        values = optimizer_args.parse(lines)
    except optimizer_args.ArgumentFault as e:
        raise UserError(replace(e.problem, key="optimizer.optimizer_args")) from e
    arguments = set(inspect.signature(kind).parameters) - OWN
    for name in values:
        if name not in arguments:
            known = ", ".join(sorted(arguments))
            raise UserError(messages.ARGUMENT_UNKNOWN(optimizer=kind.__name__, name=name, known=known))
    return values


def _import(name: str) -> Any:
    """The class of an optimizer of the catalog. Raises UserError when its package is missing."""
    spec = OPTIMIZERS[name]
    module, _, attribute = spec.code.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, OSError, RuntimeError) as e:
        raise UserError(messages.OPTIMIZER_MISSING(optimizer=name, package=spec.pip, reason=str(e))) from e
