"""How captions are drawn: the grid of fields, tags, what an edit would change, the history."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence

from core.data.caption_editor.edits import difference
from core.data.caption_editor.session import Entry, text_of
from core.data.captions import captions
from core.data.captions.encodings import NAMES
from core.data.undo import Change, FileChange
from core.errors import Lang
from core.models.tokens import count_tokens
from ui.dataset.caption_messages import LONGEST_TEXT
from ui.dataset.image_tools import dots, menu_words
from ui.parts.images import url
from ui.parts.markup import esc, field_text, note, table
from ui.text import say
from ui.window.captions import Plan, digest

PER_PAGE = 24
MOST_TAGS = 120
MOST_SHOWN = 40
"""Changes of a preview that are drawn; the others are counted."""

count = functools.lru_cache(maxsize=20_000)(count_tokens)
"""Tokens of a text; the same captions are counted again with every look at them."""

Thumb = Callable[[Entry], str | None]


def button(action: str, label: str, value: str = "", *, is_off: bool = False, style: str = "") -> str:
    """A button whose click the page sends as {"do": action, "value": value} (script/captions.js)."""
    off = " disabled" if is_off else ""
    return (
        f'<button type="button" class="rw-act {esc(style)}" data-captions-do="{esc(action)}" '
        f'data-value="{esc(value)}"{off}>{esc(label)}</button>'
    )


def grid_html(entries: Sequence[Entry], page: int, thumb: Thumb, plain: Thumb, limit: int, lang: Lang) -> str:
    """One page of images with their captions in fields.

    thumb: a small image's file, if there is one. plain: the address of an image in full view, None where it
    may not be changed.
    """
    if not entries:
        return note(say("captions.no.match", lang))
    first = page * PER_PAGE
    has_several = len({entry.folder.path for entry in entries}) > 1
    shown = entries[first : first + PER_PAGE]
    cards = "".join(_card(entry, (thumb(entry), plain(entry)), limit, has_several, lang) for entry in shown)
    words = "".join(
        f' data-{name}="{esc(say(f"captions.{name}", lang))}"' for name in ("unsaved", "saving", "lost")
    )
    pager = _pager(page, len(entries), lang)
    help_ = "" if not any(e.is_open for e in shown) else note(say("captions.keys", lang))
    return (
        f'<div class="rw-captions" data-longest="{LONGEST_TEXT}"{words} {menu_words(False, lang)}>'
        f"{help_}{pager}"
        f'<div class="rw-caption-grid">{cards}</div>{pager}</div>'
    )


def _pager(page: int, total: int, lang: Lang) -> str:
    if total <= PER_PAGE:
        return ""
    first, last = page * PER_PAGE + 1, min(total, (page + 1) * PER_PAGE)
    range_ = esc(say("captions.page", lang, first=f"{first:,}", last=f"{last:,}", n=f"{total:,}"))
    back = button("page", say("captions.page.before", lang), str(page - 1), is_off=page == 0)
    on = button("page", say("captions.page.next", lang), str(page + 1), is_off=last == total, style="is-next")
    return f'<nav class="rw-pager">{back}<span>{range_}</span>{on}</nav>'


def _card(
    entry: Entry, images: tuple[str | None, str | None], limit: int, has_several: bool, lang: Lang
) -> str:
    """images: file of the small image, address of the whole one."""
    thumb, plain = images
    key, name = esc(entry.key), esc(entry.image.name)
    locked = "" if entry.is_open else " readonly"
    trained = say(
        f"captions.trained.{'as' if entry.folder.prompt else 'none'}", lang, text=entry.folder.prompt
    )
    hint = "" if entry.has_file else f' placeholder="{esc(trained)}"'
    source = f' src="{esc(url(thumb))}"' if thumb else f' data-image-wanted="{key}"'
    place = esc(entry.folder.path.name) if has_several else ""
    tokens, is_over = tokens_of(entry, limit, lang)
    acted = "" if plain is None else f'data-key="{key}" data-name="{name}" data-plain="{esc(plain)}"'
    menu = "" if plain is None else dots(entry.image, lang)
    wrong = f"<em>{esc(entry.problem.sentence(lang))}</em>" if entry.problem else ""
    return (
        f'<article class="rw-caption" {acted}><button type="button" data-image="{key}" data-zoom>'
        f'<img alt="{name}" loading="lazy"{source}></button>'
        f"<header><b>{name}</b><span>{place}</span>{menu}</header>"
        f'<textarea rows="4" spellcheck="false" aria-label="{name}" data-caption-field="{key}" '
        f'data-base="{digest(entry.data)}"{hint}{locked}>{field_text(entry.text)}</textarea>'
        f'<footer><span data-tokens class="{"is-over" * is_over}">{esc(tokens)}</span>'
        f'<span data-said role="status"></span></footer>{wrong}</article>'
    )


def tokens_of(entry: Entry, limit: int, lang: Lang) -> tuple[str, bool]:
    """How long the caption is and what else is worth knowing of its file; whether it is too long."""
    n = entry.tokens(count)
    is_over = n > limit
    key = "captions.tokens.over" if is_over else "captions.tokens"
    parts = [say(key, lang, n=n, limit=limit)]
    lines = len(captions.lines_of(entry.text))
    if lines > 1:
        has_wildcard = entry.folder.settings.enable_wildcard
        parts.append(say("captions.lines.wildcard" if has_wildcard else "captions.lines", lang, n=lines))
    if entry.guess:
        parts.append(say("captions.in", lang, name=NAMES[entry.guess].of(lang)))
    return " · ".join(parts), is_over


def tags_html(counts: Sequence[tuple[str, int]], chosen: str, lang: Lang) -> str:
    """Tags with how many captions have each; a click shows just those."""
    if not counts and not chosen:
        return ""
    chips = "".join(
        button("tag", tag, "" if tag == chosen else tag, style="is-chosen" if tag == chosen else "").replace(
            "</button>", f"<i>{n:,}</i></button>"
        )
        for tag, n in counts[:MOST_TAGS]
    )
    more = ""
    if len(counts) > MOST_TAGS:
        more = note(say("captions.tags.more", lang, n=f"{len(counts):,}", shown=MOST_TAGS))
    head = esc(say("captions.tags", lang, n=f"{len(counts):,}"))
    return (
        f'<details class="rw-tags" open><summary>{head}</summary><div>{chips}</div>{more}'
        f"{_chosen(chosen, lang) if chosen else ''}</details>"
    )


def _chosen(tag: str, lang: Lang) -> str:
    only = esc(say("captions.tag.only", lang, tag=tag))
    clear = button("tag", say("captions.tag.clear", lang))
    change = button("tag-rename", say("captions.tag.rename", lang), tag)
    remove = button("tag-remove", say("captions.tag.remove", lang), tag)
    return f'<p class="rw-tag-chosen"><span>{only}</span>{change}{remove}{clear}</p>'


def plan_html(plan: Plan, lang: Lang) -> str:
    """What an edit would change, before and after, the differences marked."""
    if not plan.rows:
        return note(say("captions.plan.none", lang), "warn")
    head = say("captions.plan", lang, n=len(plan.rows), total=plan.total)
    rows = "".join(_change(entry, change, lang) for entry, change in plan.rows[:MOST_SHOWN])
    rest = len(plan.rows) - MOST_SHOWN
    more = note(say("captions.plan.more", lang, n=f"{rest:,}")) if rest > 0 else ""
    return f'<div class="rw-changes"><p>{esc(head)}</p><ul>{rows}</ul>{more}</div>'


def _change(entry: Entry, change: FileChange, lang: Lang) -> str:
    name = f"<b>{esc(entry.path.name)}</b>"
    before, after = text_of(change.old), text_of(change.new)
    if before == after:
        # What a guess makes of the bytes is shown: it may be wrong.
        encodings = say("captions.plan.encoding", lang, name=NAMES[entry.guess or ""].of(lang))
        return f'<li>{name}<p>{esc(encodings)}</p><p class="is-after">{esc(after)}</p></li>'
    parts = difference(before, after)
    old = _marked([(same, old) for same, old, _ in parts], "del")
    if change.old is None:
        old = f"<i>{esc(say('captions.plan.new', lang))}</i>"
    new = _marked([(same, new) for same, _, new in parts], "ins")
    return f'<li>{name}<p class="is-before">{old}</p><p class="is-after">{new}</p></li>'


def _marked(parts: Sequence[tuple[bool, str]], tag: str) -> str:
    texts = [(same, field_text(text)[1:]) for same, text in parts if text]
    return "".join(text if same else f"<{tag}>{text}</{tag}>" for same, text in texts)


def undo_html(history: Sequence[Change], lang: Lang) -> str:
    """The button with what it would undo, and what was done before."""
    if not history:
        return ""
    undo = say("captions.about", lang, what=say("captions.undo", lang), about=title(history[0], lang))
    headers = [say(f"captions.history.{name}", lang) for name in ("when", "what", "files")]
    rows = [(_when(change.at), title(change, lang), f"{len(change.files):,}") for change in history]
    past = table(headers, rows, numbers=frozenset({2}))
    summary = esc(say("captions.history", lang))
    past = f'<details class="rw-diff"><summary>{summary}</summary>{past}</details>'
    return f'<div class="rw-undo">{button("undo", undo)}{past}</div>'


def title(change: Change, lang: Lang) -> str:
    """A change in a few words."""
    about = change.about if len(change.about) <= 48 else change.about[:47] + "…"
    kind = say(f"captions.kind.{change.kind}", lang)
    return say("captions.about", lang, what=kind, about=about) if about else kind


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def counted(entries: Sequence[Entry], lang: Lang) -> str:
    """How many images, and how many of them are for regularization."""
    reg = sum(entry.folder.is_reg for entry in entries)
    n = f"{len(entries):,}"
    return say("captions.count.reg", lang, n=n, reg=f"{reg:,}") if reg else n
