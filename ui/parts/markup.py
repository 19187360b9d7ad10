"""Small pieces of HTML. Every text that comes from outside goes through `esc`; nothing else writes HTML."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterable, Sequence

from core.catalog import Words
from core.config.schema.option import Option
from core.data.health.findings import BROKEN
from core.errors import Lang, Problem
from ui.parts.options import IN_HEAD, LEVELS, OPTIONS, element_id
from ui.text import say


def esc(text: object) -> str:
    """Text as it may stand in HTML, also inside quotes; signs that turn the reading direction left out."""
    plain = "".join(c for c in str(text) if c.isprintable() or c in "\n\t")
    return html.escape("".join(c for c in plain if c not in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"))


_HUB = re.compile(r"https://huggingface\.co/[\w./-]*\w", re.ASCII)


def prose(text: str) -> str:
    """A sentence as HTML; what stands between ` ` is code, and an address of the Hugging Face Hub a link."""
    coded = re.sub("`([^`]+)`", r"<code>\1</code>", esc(text))
    return _HUB.sub(r'<a href="\g<0>" target="_blank" rel="noopener noreferrer">\g<0></a>', coded)


def field_text(text: str) -> str:
    """Text as the content of a <textarea>, to the letter: `esc` would drop full-width blanks and joiners.

    Control characters are left out; the newline before it is not part of the text (HTML drops the first).
    """
    plain = "".join(c for c in text if c in "\n\t" or not (c < " " or "\x7f" <= c <= "\x9f"))
    return "\n" + html.escape(plain)


def note(text: str, tone: str = "plain") -> str:
    """One sentence in a quiet box; what stands between ` ` is code. tone: plain, good, warn, bad."""
    return f'<p class="rw-note is-{tone}">{prose(text)}</p>' if text else ""


def as_of(lang: Lang, seconds: float | None = None) -> str:
    """When a list was looked for, None for now: a user who looks again sees that it was done."""
    at = time.strftime("%H:%M:%S", time.localtime(seconds))
    return f'<p class="rw-as-of">{esc(say("as.of", lang, at=at))}</p>'


def called(tool: Words, about: str, lang: Lang) -> str:
    """What the work of a tool is called, by what it works on."""
    name = tool.of(lang)
    return say("queue.tool", lang, tool=name, about=about) if about else name


def heading(title: str, lead: str = "") -> str:
    """A card's title and what it is for."""
    said = f"<p>{esc(lead)}</p>" if lead else ""
    return f'<div class="rw-heading"><h2>{esc(title)}</h2>{said}</div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values, as many in a row as fit."""
    cells = "".join(f"<div><dt>{esc(name)}</dt><dd>{esc(value)}</dd></div>" for name, value in pairs)
    return f'<dl class="rw-facts">{cells}</dl>' if cells else ""


def table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], numbers: frozenset[int] = frozenset()
) -> str:
    """A table; columns in `numbers` are set to the right."""
    head = "".join(f'<th class="{_side(n, numbers)}">{esc(text)}</th>' for n, text in enumerate(headers))
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{_side(n, numbers)}">{_cell(cell)}</td>' for n, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f'<div class="rw-table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _side(n: int, numbers: frozenset[int]) -> str:
    return "is-number" if n in numbers else "is-text"


class Share(float):
    """A cell that is drawn as a bar; 0 to 1."""


def _cell(cell: object) -> str:
    if isinstance(cell, Share):
        return f'<span class="rw-share"><i style="width:{max(0.0, min(1.0, cell)) * 100:.0f}%"></i></span>'
    return esc(cell)


def goto(option: Option) -> str:
    """What makes a button lead to an option (script/goto.js)."""
    tab = "" if option.key in IN_HEAD else option.tab
    return leads_to(element_id(option), tab, LEVELS.index(option.meta.level))


def leads_to(element: str, tab: str = "", level: int = 0) -> str:
    """What makes a button lead to an element of the page, on this tab, shown from this level on."""
    return f'data-goto="{esc(element)}" data-goto-tab="{esc(tab)}" data-goto-level="{level}"'


_PREVIEWED = frozenset({"W-IMG-CUT", "W-IMG-SMALL", *BROKEN})
"""Codes of what the preview shows image by image, with what cures it."""
_ALIKE = 3
"""Problems of one kind that are told; those of further files are folded away."""


def problems(found: Sequence[Problem], lang: Lang, *, has_lines: bool = False) -> str:
    """Problems and notices in plain words, each with its option, which a click leads to.

    has_lines: whether their lines are those of a text that the user knows, and not of one that we wrote.
    """
    if not found:
        return ""
    kinds: dict[object, list[Problem]] = {}
    for n, problem in enumerate(found):
        kinds.setdefault((problem.code, problem.key) if problem.path else n, []).append(problem)
    items = "".join(_alike(kind, lang, has_lines) for kind in kinds.values())
    return f'<ul class="rw-problems">{items}</ul>'


def _alike(kind: Sequence[Problem], lang: Lang, has_lines: bool) -> str:
    """Problems of one kind: the first ones, the rest of many behind a line that opens."""
    drawn = [_problem(problem, lang, has_lines) for problem in kind]
    if len(kind) <= _ALIKE + 1:
        return "".join(drawn)
    tone = "bad" if kind[0].is_error else "warn"
    more = esc(say("make.more", lang, n=len(kind) - _ALIKE))
    rest = f'<ul class="rw-problems">{"".join(drawn[_ALIKE:])}</ul>'
    fold = f'<li class="is-{tone}"><details><summary>{more}</summary>{rest}</details></li>'
    return "".join(drawn[:_ALIKE]) + fold


def _problem(problem: Problem, lang: Lang, has_lines: bool) -> str:
    place = []
    wrong = ""
    if problem.key in OPTIONS:
        option = OPTIONS[problem.key]
        label = option.meta.label.of(lang)
        link = f'<button type="button" class="rw-link" {goto(option)}>{esc(label)}</button>'
        place.append(f"{link} <code>{esc(problem.key)}</code>")
        wrong = f' data-wrong="{element_id(option)}"' if problem.is_error else ""
    elif problem.key:
        place.append(f"<code>{esc(problem.key)}</code>")
    if problem.code in _PREVIEWED:
        shows, label = leads_to("preview-look", "dataset"), esc(say("preview.title", lang))
        place.append(f'<button type="button" class="rw-link" {shows}>{label}</button>')
    if problem.line is not None and (has_lines or problem.path):
        place.append(esc(say("run.line", lang, n=problem.line)))
    if problem.path and problem.path not in problem.sentence(lang):
        place.append(f"<code>{esc(problem.path)}</code>")
    where = f'<span class="rw-where">{" · ".join(place)}</span>' if place else ""
    sentence = problem.sentence(lang)
    sentence = capital(sentence, problem.ja) if lang == "en" else sentence
    tone = "bad" if problem.is_error else "warn"
    return f'<li class="is-{tone}"{wrong}>{where}<span>{prose(sentence)}</span></li>'


def capital(en: str, ja: str) -> str:
    """An English sentence with a capital; a name is the same in both languages and stays as it is."""
    return en if ja.startswith(en.partition(" ")[0]) else en[:1].upper() + en[1:]


def bar(share: float | None) -> str:
    """A progress bar; None when nobody knows how far it is."""
    if share is None:
        return '<div class="rw-bar is-busy" role="progressbar"><i></i></div>'
    percent = max(0.0, min(1.0, share)) * 100
    return (
        f'<div class="rw-bar" role="progressbar" aria-valuenow="{percent:.0f}" aria-valuemin="0" '
        f'aria-valuemax="100"><i style="width:{percent:.1f}%"></i></div>'
    )
