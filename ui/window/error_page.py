"""What a page shows when a handler of ours fails: one sentence, never a traceback or an empty HTTP 500."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import gradio as gr
from gradio.exceptions import InvalidPathError

from core.errors import LANGS, Lang, UserError
from ui.parts.markup import esc
from ui.text import say
from ui.window import Window

_log = logging.getLogger(__name__)


def guarded(handler: Callable[..., Any], window: Window) -> Callable[..., Any]:
    """The handler with its faults turned into one sentence on the page and a traceback in the log."""

    @functools.wraps(handler)
    def call(*args: Any) -> Any:
        try:
            return _whole(handler(*args))
        except Exception as e:
            raise error_for_page(e, window, args) from None

    return call


def streamed(handler: Callable[..., Iterator[Any]], window: Window) -> Callable[..., Iterator[Any]]:
    """As `guarded`, for a handler that shows several things one after the other."""

    @functools.wraps(handler)
    def call(*args: Any) -> Iterator[Any]:
        try:
            yield from map(_whole, handler(*args))
        except Exception as e:
            raise error_for_page(e, window, args) from None

    return call


def _whole(answer: Any) -> Any:
    """An answer as Gradio takes it: one that changes nothing must say so."""
    return gr.skip() if isinstance(answer, dict) and not answer else answer


def take_values_as_sent(blocks: gr.Blocks) -> None:
    """Let every event have the values a page sends, whatever they are: handlers look at them themselves.

    Gradio compares a choice with its own copy of the list, which may be another than the one on the page, and
    then answers HTTP 500 before any handler is asked. Events with files keep what it does to put those away.
    """
    for event in blocks.fns.values():
        if not any(isinstance(block, gr.File | gr.UploadButton) for block in event.inputs):
            event.preprocess = False


def error_for_page(error: Exception, window: Window, args: tuple[Any, ...]) -> gr.Error:
    """The fault for the page, which shows it at its head (script/faults.js).

    Handlers deal with UserError themselves; one that slips by is shown. args: what the handler was given.
    """
    lang = _language(args, window)
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, UserError):
        said = " ".join(problem.sentence(lang) for problem in error.problems)
    elif isinstance(error, InvalidPathError):
        said = say("serve.foreign", lang)
    else:
        _log.error("a handler of the window failed", exc_info=error)
        said = say("fault.inside", lang, path=window.log_path)
    return gr.Error(marked(said), print_exception=False)


def marked(sentence: str) -> str:
    """A sentence of ours as script/faults.js knows it, among Gradio's own."""
    return f'<span class="rw-told">{esc(sentence)}</span>'


def _language(args: tuple[Any, ...], window: Window) -> Lang:
    """The language of the page that called a handler with these arguments."""
    for given in args:
        if isinstance(given, gr.Request):
            chosen = str((given.cookies or {}).get("rareword_lang", ""))
            return window.language(given.headers.get("accept-language", ""), chosen)
        for block, value in given.items() if isinstance(given, Mapping) else ():
            if getattr(block, "elem_id", "") == "lang" and value in LANGS:
                return cast("Lang", value)
    return "en" if window.lang == "auto" else window.lang


def words_html(window: Window, most: str) -> str:
    """What script/faults.js and paths.js say, by language, for the page's head. most: of a file."""
    browse = ("open", "clear", "up", "start", "take", "close", "empty", "left")
    kinds = ("inside", "network", "again", "large", "busy", "login", "old", "page", "close")
    words = {
        lang: {kind: say(f"fault.{kind}", lang, path=window.log_path, most=most) for kind in kinds}
        | {"browse": {name: say(f"browse.{name}", lang) for name in browse}}
        for lang in LANGS
    }
    text = json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="rw-words">{text}</script>'
