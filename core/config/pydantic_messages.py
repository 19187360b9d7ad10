"""What pydantic found wrong -> one sentence in each language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.errors import Problem, plain_problem

_MOST_LETTERS = 60

Sentences = Callable[[dict[str, Any], str], tuple[str, str]]

_SENTENCES: dict[str, Sentences] = {
    "int_type": lambda c, v: (f"must be a whole number, not {v}", f"整数にしてください（値：{v}）"),
    "int_from_float": lambda c, v: (f"must be a whole number, not {v}", f"整数にしてください（値：{v}）"),
    "float_type": lambda c, v: (f"must be a number, not {v}", f"数値にしてください（値：{v}）"),
    "finite_number": lambda c, v: (
        f"must be a finite number, not {v}",
        f"有限の数値にしてください（値：{v}）",
    ),
    "bool_type": lambda c, v: (
        f"must be true or false, not {v}",
        f"trueまたはfalseにしてください（値：{v}）",
    ),
    "string_type": lambda c, v: (
        f"must be text in quotes, not {v}",
        f"引用符で囲んだ文字列にしてください（値：{v}）",
    ),
    "tuple_type": lambda c, v: (
        f'must be a number or "width,height", not {v}',
        f"数値または「幅,高さ」にしてください（値：{v}）",
    ),
    "missing": lambda c, v: (f"needs two numbers, found {v}", f"数値が2つ必要です（値：{v}）"),
    "too_long": lambda c, v: (f"takes two numbers, found {v}", f"数値は2つまでです（値：{v}）"),
    "steps_or_share": lambda c, v: (
        f'must be a whole number of steps, a share such as 0.1, or a percentage such as "10%", not {v}',
        f'ステップ数（整数）、0.1のような1未満の割合、または"10%"のような百分率にしてください（値：{v}）',
    ),
    "literal_error": lambda c, v: (
        f"must be one of {str(c['expected']).replace(chr(39), '').replace(' or ', ', ')}, not {v}",
        f"{str(c['expected']).replace(chr(39), '').replace(' or ', ', ')}のいずれかにしてください（値：{v}）",
    ),
    "greater_than_equal": lambda c, v: (
        f"must be at least {_plain(c['ge'])}, not {v}",
        f"{_plain(c['ge'])}以上にしてください（値：{v}）",
    ),
    "greater_than": lambda c, v: (
        f"must be above {_plain(c['gt'])}, not {v}",
        f"{_plain(c['gt'])}より大きくしてください（値：{v}）",
    ),
    "less_than_equal": lambda c, v: (
        f"must be at most {_plain(c['le'])}, not {v}",
        f"{_plain(c['le'])}以下にしてください（値：{v}）",
    ),
    "less_than": lambda c, v: (
        f"must be below {_plain(c['lt'])}, not {v}",
        f"{_plain(c['lt'])}より小さくしてください（値：{v}）",
    ),
    "multiple_of": lambda c, v: (
        f"must be a multiple of {_plain(c['multiple_of'])}, not {v}",
        f"{_plain(c['multiple_of'])}の倍数にしてください（値：{v}）",
    ),
}


def _plain(bound: float) -> str:
    """A bound as people write it: 0 and not 0.0, 1,000,000,000 with its commas."""
    return f"{int(bound):,}" if float(bound).is_integer() else f"{bound:g}"


def problems_of(error: ValidationError) -> list[Problem]:
    """One Problem for each fault, with the option's full name."""
    lists = {
        option.key for option in walk(RunConfig) if option.default == () or option.name == "sample_prompts"
    }
    found: list[Problem] = []
    for detail in error.errors():
        problem = _problem(detail, lists)
        if problem not in found:
            found.append(problem)
    return found


def _problem(detail: ErrorDetails, lists: set[str]) -> Problem:
    place = detail["loc"]
    key = ".".join(str(part) for part in place[:2])
    kind, value = detail["type"], detail["input"]
    if kind.startswith(("greater", "less")) and isinstance(value, float) and abs(value) < 1e15:
        value = int(value) if value.is_integer() else value  # -1, as the bound beside it is 0 and not 0.0
    if kind in ("tuple_type", "string_type") and key in lists:
        en, ja = (
            f"must be a list of texts in quotes, not {shown(value)}",
            f"引用符で囲んだ文字列のリストにしてください（値：{shown(value)}）",
        )
    elif kind in _SENTENCES:
        en, ja = _SENTENCES[kind](detail.get("ctx", {}), shown(value))
    else:
        en, ja = f"{detail['msg']}, found {shown(value)}", f"値が正しくありません（値：{shown(value)}）"
    return plain_problem("E-CFG-VALUE", f"{en}.", f"{ja}。", key=key)


def shown(value: Any) -> str:
    """The value as a person typed it, cut short; also one that Python itself will not write out."""
    try:
        text = repr(list(value)) if isinstance(value, tuple) else repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, lists in lists without end
        return "a number of too many digits" if isinstance(value, int) else "…"
    text = {"True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 3] + "..."
