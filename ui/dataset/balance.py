"""Training and regularization images in balance: said in a sentence, put right by renaming folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data.intake.rename_repeats import Pair, plan_renames
from core.data.names import short_name
from core.data.plan.plan import Plan
from core.data.plan.regularization import best_repeats
from core.errors import Lang
from ui.parts.markup import esc, note
from ui.text import say

Rows = Sequence[Mapping[str, Any]]


def balance_note(record: Rows, lang: Lang) -> str:
    """Whether training and regularization images are in balance, in one sentence."""
    train = sum(folder["used_per_epoch"] for folder in record if not folder["is_reg"])
    regs = [folder for folder in record if folder["is_reg"]]
    reg = sum(folder["repeats"] * folder["images"] for folder in regs)
    if not reg:
        return note(say("balance.none", lang), "warn")
    if reg > train:
        return note(say("balance.over", lang, train=train, reg=reg, surplus=reg - train), "warn")
    best = best_repeats(record)
    if len(regs) == 1 and best[0] > regs[0]["repeats"]:
        return note(say("balance.under", lang, train=train, reg=reg, repeats=best[0]))
    if any(repeats != folder["repeats"] for repeats, folder in zip(best, regs, strict=True)):
        return note(say("balance.uneven", lang, train=train, reg=reg))
    return note(say("balance.good", lang, train=train, reg=reg), "good")


def renaming(plan: Plan, record: Rows, demo: Path) -> tuple[Pair, ...]:
    """The folders whose renaming would balance them; none where their names are settled elsewhere.

    demo: what lies below stays as it came. Raises UserError when a new name is taken.
    """
    regs = [folder for folder in record if folder["is_reg"]]
    if plan.config.dataset_config or plan.config.in_json or not regs:
        return ()  # these files name the folders
    paths = [Path(folder["path"]) for folder in regs]
    if any(path.is_relative_to(demo) for path in paths):
        return ()
    if str(paths[0]) == plan.config.reg_data_dir:
        return ()  # it is chosen itself, and the option would name a folder that is gone
    return plan_renames(regs, best_repeats(record), plan.config.conditioning_data_dir)


def renaming_html(pairs: Sequence[Pair], lang: Lang) -> str:
    """The plan of the renaming, to be read before the button is pressed."""
    if not pairs:
        return ""
    names = [(esc(short_name(source)), esc(target.name)) for source, target in pairs]
    rows = "".join(f"<li><span>{old}</span> → <b>{new}</b></li>" for old, new in names)
    return f'<div class="rw-plan is-renaming"><p>{esc(say("balance.plan", lang))}</p><ul>{rows}</ul></div>'
