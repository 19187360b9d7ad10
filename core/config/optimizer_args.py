"""Lines such as "weight_decay=0.01" -> Python values, for the options that pass arguments on."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from core.config import messages
from core.config.pydantic_messages import shown
from core.config.schema.numbers import decimal, narrow, number, whole
from core.config.schema.optimizer import OptimizerConfig
from core.errors import Problem


class ArgumentFault(ValueError):
    """A line that is not name=value; problem says it, without the option that it stands in."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.en)
        self.problem = problem


def parse(lines: Sequence[str]) -> dict[str, Any]:
    """Values by name; numbers, tuples ("betas=0.9,0.999"), True, False, None and texts in quotes.

    Raises ArgumentFault for a line without a name or a value that is no literal.
    """
    values: dict[str, Any] = {}
    for line in lines:
        name, equals, text = (piece.strip() for piece in line.partition("="))
        if not equals or not name:
            raise ArgumentFault(messages.ARGUMENT_SYNTAX(line_text=shown(line)))
        values[name] = _value(name, text)
    return values


def _value(name: str, text: str) -> Any:
    """A number, written in any width, else a literal of Python. Raises ArgumentFault."""
    as_number = number(text)
    if as_number is not None:
        return as_number
    plain = text if "'" in text or '"' in text else narrow(text)
    try:
        return ast.literal_eval(plain)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as e:
        raise ArgumentFault(messages.ARGUMENT_VALUE(name=shown(name), value=shown(text))) from e


def relative_step(config: OptimizerConfig) -> bool:
    """Whether the optimizer is Adafactor with steps of its own making, which is its default.

    warmup_init needs them, as in sd-scripts. Raises ArgumentFault.
    """
    if config.optimizer_type != "Adafactor":
        return False
    given = parse(config.optimizer_args)
    return bool(given.get("relative_step", True) or given.get("warmup_init", False))


def step_rules(config: OptimizerConfig) -> str | None:
    """The pieces of piecewise_constant from lr_scheduler_args, None when there are none.

    "1:100,0.5:200,0.1": the whole rate up to step 100, half of it up to 200, a tenth after that. As diffusers
    writes them; sd-scripts passes the text with or without quotes. Raises ArgumentFault.
    """
    for line in config.lr_scheduler_args:
        name, _, text = (piece.strip() for piece in line.partition("="))
        if name != "step_rules":
            raise ArgumentFault(messages.NOT_STEP_RULES(line_text=shown(line)))
        return text.strip("'\"")
    return None


def pieces(rules: str) -> tuple[tuple[tuple[int, float], ...], float]:
    """((end step, factor), ...) in order, and the factor after the last. Raises ArgumentFault."""
    *firsts, final = narrow(rules).split(",")
    try:
        pairs = [rule.split(":") for rule in firsts]
        ends = {_read(whole, step): _read(decimal, factor) for factor, step in pairs}
        return tuple(sorted(ends.items())), _read(decimal, final)
    except ValueError as e:
        raise ArgumentFault(messages.STEP_RULES_SYNTAX(value=shown(rules))) from e


N = TypeVar("N", int, float)


def _read(reader: Callable[[str], N | None], text: str) -> N:
    """The number that a reader finds in a text. Raises ValueError where it finds none."""
    number = reader(text)
    if number is None:
        raise ValueError("no number")
    return number
