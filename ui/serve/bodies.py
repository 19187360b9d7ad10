"""What a request may carry: JSON of a bounded size that names no file but those that were sent here."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.counting import size_text
from ui.serve.asgi import language, patient, read_body, refusal, replayed
from ui.serve.routes import FILE, SEND, UPLOAD
from ui.text import say

LARGEST_JSON = 8 << 20
"""Bytes; the longest the page sends is a list of some thousand files."""


class Bodies:
    """ASGI application around the one that answers. uploads: the folder of what was sent to this window.

    Gradio takes any object with a `path` for a file that the page was given, wherever it stands in a request,
    and would copy that file to where it can be fetched. So no body gets through that names another one.
    """

    def __init__(self, app: ASGIApp, uploads: Path) -> None:
        self._app, self._uploads = app, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_none = scope["type"] != "http" or scope["method"] in ("GET", "HEAD")
        if has_none or scope["path"] in (UPLOAD, SEND):
            await self._app(scope, receive, send)
            return
        request = Request(scope, patient(receive))
        lang, body = language(request), await read_body(request, LARGEST_JSON)
        if body is None:
            answer = refusal(413, say("serve.long", lang, most=size_text(LARGEST_JSON)))
            await answer(scope, receive, send)
            return
        try:
            if body:
                headers = request.headers
                origin = urlsplit(headers.get("origin", "")).netloc.lower()
                here = (headers.get("host", "").lower(), origin, "")
                json.loads(body, object_pairs_hook=lambda pairs: self._check(pairs, here))
        except _Foreign:
            await refusal(403, say("serve.foreign", lang))(scope, receive, send)
        except (ValueError, RecursionError):
            await refusal(400, say("serve.unreadable", lang))(scope, receive, send)
        else:
            await self._app(scope, replayed(body, receive), send)

    def _check(self, pairs: Sequence[tuple[str, Any]], here: Sequence[str]) -> None:
        """Raises _Foreign for an object that stands for a file which was not sent here.

        pairs: all of the object's, also of a name that is there twice. here: hosts that this page is at.
        """
        if any(name == "path" for name, _ in pairs):
            is_ours = all(self.holds(value) for name, value in pairs if name == "path")
            if not is_ours or not all(_is_own_address(value, here) for name, value in pairs if name == "url"):
                raise _Foreign

    def holds(self, path: object) -> bool:
        """Whether a path names a file that lies below the folder of uploads, links followed."""
        if not isinstance(path, str) or not path or "\0" in path:
            return False
        # As text first: even to look at a path elsewhere may send a password over the network (Windows).
        if not _is_below(os.path.abspath(path), os.path.abspath(self._uploads)):
            return False
        real = os.path.realpath(path)
        return _is_below(real, os.path.realpath(self._uploads)) and os.path.isfile(real)


class _Foreign(Exception):
    """A body names a file that was not sent here."""


def _is_below(path: str, folder: str) -> bool:
    return Path(os.path.normcase(path)).is_relative_to(os.path.normcase(folder))


def _is_own_address(url: object, here: Sequence[str]) -> bool:
    """Whether it is the address under which this page itself shows a file that was sent."""
    if url is None:
        return True
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.netloc.lower() in here and parts.scheme in ("", "http", "https") and FILE in parts.path
