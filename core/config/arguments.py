"""Lines such as "weight_decay=0.01" -> Python values, for the options that pass arguments on."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from core.config.schema_optimizer import OptimizerConfig


class ArgumentFault(ValueError):
    """A line that is no name=value; the sentence in both languages."""

    def __init__(self, en: str, ja: str) -> None:
        super().__init__(en)
        self.en, self.ja = en, ja


def parse(lines: Sequence[str]) -> dict[str, Any]:
    """Values by name; numbers, tuples ("betas=0.9,0.999"), True, False, None and texts in quotes.

    Raises ArgumentFault for a line without a name or a value that is no literal.
    """
    values: dict[str, Any] = {}
    for line in lines:
        name, equals, text = (piece.strip() for piece in line.partition("="))
        if not equals or not name:
            raise ArgumentFault(
                f"write name=value, such as weight_decay=0.01, not {line!r}",
                f"「weight_decay=0.01」のように「名前=値」で書いてください（{line!r}）",
            )
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError) as e:
            raise ArgumentFault(
                f"the value of {name} is no number, list or True/False: {text}",
                f"{name}の値が数値・リスト・True/Falseのいずれでもありません：{text}",
            ) from e
    return values


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
            raise ArgumentFault(
                f"only step_rules=... can be given here, for piecewise_constant, not {line!r}",
                f"指定できるのはpiecewise_constant用のstep_rules=…だけです（{line!r}）",
            )
        return text.strip("'\"")
    return None


def pieces(rules: str) -> tuple[tuple[tuple[int, float], ...], float]:
    """((end step, factor), ...) in order, and the factor after the last. Raises ArgumentFault."""
    *firsts, final = rules.split(",")
    try:
        ends = {int(step): float(factor) for factor, step in (rule.split(":") for rule in firsts)}
        return tuple(sorted(ends.items())), float(final)
    except ValueError as e:
        raise ArgumentFault(
            f"write step_rules as 1:100,0.5:200,0.1 (factor:up to which step, ..., factor), not {rules!r}",
            "step_rulesは「1:100,0.5:200,0.1」（倍率:終わりのステップ, …, 最後の倍率）と"
            f"書いてください（{rules!r}）",
        ) from e
