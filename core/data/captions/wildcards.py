"""Wildcards in captions: one of several alternatives, chosen anew for each sample."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Pick = Callable[[Sequence[str]], str]
"""Chooses one of several texts, such as random.Random(0).choice."""

_SIGNS = re.compile(r"\{\{|\}\}|[{}|]")


@dataclass
class _Open:
    """A brace that is not closed yet. done: its alternatives before the last "|"."""

    sign: str
    done: list[str] = field(default_factory=list)
    current: str = ""

    @property
    def alternatives(self) -> list[str]:
        return [*self.done, self.current]

    def verbatim(self) -> str:
        """The text as it stands; a doubled brace means one."""
        return self.sign[:1] + "|".join(self.alternatives)


def resolve(text: str, pick: Pick) -> str:
    """The text with each `{red|green}` replaced by what `pick` takes of its alternatives.

    Groups may stand inside groups. `{{` and `}}` mean the braces themselves; where that leaves a `}` too
    many, as in `{{a|b}|c}`, they are two groups. Braces without a partner, and `{}`, stay as they are.
    Source: sd-scripts' enable_wildcard, which knows no groups inside groups.
    """
    stack = [_Open("")]
    start = 0
    while (sign := _SIGNS.search(text, start)) is not None:
        stack[-1].current += text[start : sign.start()]
        start = sign.start() + _read(sign.group(), stack, pick)
    stack[-1].current += text[start:]
    return "".join(left.verbatim() for left in stack)


def _read(sign: str, stack: list[_Open], pick: Pick) -> int:
    """Work one sign into the stack; how many characters of the text it took."""
    top = stack[-1]
    if sign in ("{", "{{"):
        stack.append(_Open(sign))
    elif sign == "|":
        top.done.append(top.current)
        top.current = ""
    elif sign == "}}" and top.sign != "{":
        # A literal brace: the partner of a "{{", or one that stands alone.
        if top.sign == "{{":
            stack.pop()
            stack[-1].current += top.verbatim()
        stack[-1].current += "}"
    elif top.sign == "":
        top.current += "}"
        return 1
    else:
        stack.pop()
        if top.sign == "{{":
            stack.append(_Open("{"))
        stack[-1].current += pick(top.alternatives) if top.alternatives != [""] else "{}"
        return 1
    return len(sign)
