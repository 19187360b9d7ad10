"""What a page is told when a handler of ours fails: one sentence, never a traceback or an empty HTTP 500."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from core.errors import UserError
from ui.text import say
from ui.window import Window

_log = logging.getLogger(__name__)


def guarded(handler: Callable[..., Any], window: Window) -> Callable[..., Any]:
    """The handler with its faults turned into one sentence on the page and a traceback in the log."""

    @functools.wraps(handler)
    def call(*args: Any) -> Any:
        try:
            return handler(*args)
        except Exception as e:
            raise _told(e, window) from None

    return call


def streamed(handler: Callable[..., Iterator[Any]], window: Window) -> Callable[..., Iterator[Any]]:
    """As `guarded`, for a handler that shows several things one after the other."""

    @functools.wraps(handler)
    def call(*args: Any) -> Iterator[Any]:
        try:
            yield from handler(*args)
        except Exception as e:
            raise _told(e, window) from None

    return call


def take_values_as_sent(blocks: gr.Blocks) -> None:
    """Let every event have the values a page sends, whatever they are: handlers look at them themselves.

    Gradio compares a choice with its own copy of the list, which may be another than the one on the page, and
    then answers HTTP 500 before any handler is asked. Events with files keep what it does to put those away.
    """
    for event in blocks.fns.values():
        if not any(isinstance(block, gr.File | gr.UploadButton) for block in event.inputs):
            event.preprocess = False


def _told(error: Exception, window: Window) -> gr.Error:
    """The fault as Gradio shows it. Handlers deal with UserError themselves; one that slips by is shown."""
    lang = "ja" if window.lang == "ja" else "en"
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, UserError):
        return gr.Error("; ".join(p.text(lang) for p in error.problems), print_exception=False)
    _log.error("a handler of the window failed", exc_info=error)
    return gr.Error(say("app.fault", lang, path=window.log_path), print_exception=False)
