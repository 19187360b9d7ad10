"""Takes files piece by piece: what breaks off goes on where it did, also after the page was loaded anew."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import PurePath

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.counting import size_text
from core.errors import Lang
from ui.serve.asgi import NO_STORE, language, patient, read_body, refusal
from ui.serve.routes import SEND
from ui.serve.uploads import Uploads, no_room
from ui.text import say
from ui.window.arrivals import Arrivals, Coming, OutOfStep

LARGEST_PIECE = 8 << 20
"""Bytes; the page sends half of it at a time (script/sending.js)."""
LARGEST_FILE = 64 << 30
"""Bytes; less is let through while there is less room, see ui.serve.uploads.Room."""
_LONGEST_NAME = 1024


class Chunks:
    """ASGI application around the one that takes everything else.

    endings: the kinds of files that are taken. uploads: knows how much room there is.
    """

    def __init__(
        self, app: ASGIApp, arrivals: Arrivals, endings: Callable[[], Collection[str]], uploads: Uploads
    ) -> None:
        self._app, self._arrivals, self._endings, self._uploads = app, arrivals, endings, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != SEND:
            await self._app(scope, receive, send)
            return
        request = Request(scope, patient(receive))
        answer = await self._answer(request, language(request))
        await answer(scope, receive, send)

    async def _answer(self, request: Request, lang: Lang) -> Response:
        coming, offset = _asked(request)
        if coming is None:
            return refusal(400, say("serve.unreadable", lang))
        if PurePath(coming.name.rpartition("∕")[2]).suffix.lower() not in self._endings():
            return refusal(415, say("serve.kind", lang))
        if offset is None:
            await run_in_threadpool(self._arrivals.forget_old)
            return await self._state(coming)
        piece = await read_body(request, LARGEST_PIECE)
        if piece is None:
            return refusal(413, say("serve.long", lang, most=size_text(LARGEST_PIECE)))
        room, key = await run_in_threadpool(self._uploads.left)
        wanted = coming.size - offset if offset == 0 else len(piece)
        if wanted > room:
            return no_room(key, room, lang)
        try:
            await run_in_threadpool(self._arrivals.append, coming, offset, piece)
        except OutOfStep as error:
            return JSONResponse({"offset": error.offset}, 409, NO_STORE)
        except OSError:
            return no_room("serve.full.disk", 0, lang)
        return await self._state(coming)

    async def _state(self, coming: Coming) -> Response:
        offset = await run_in_threadpool(self._arrivals.offset, coming)
        return JSONResponse({"offset": offset, "key": coming.key}, headers=NO_STORE)


def _asked(request: Request) -> tuple[Coming | None, int | None]:
    """The file that a piece is of and where the piece begins, None for a question how far it is."""
    query = request.query_params
    name, size = query.get("name", ""), _number(query.get("size"))
    offset = query.get("offset")
    is_bad = not name or len(name) > _LONGEST_NAME or "\0" in name or not 0 < size <= LARGEST_FILE
    if is_bad or (offset is not None and _number(offset) < 0):
        return None, None
    coming = Coming(name, size, query.get("changed", "")[:40])
    return coming, None if offset is None else _number(offset)


def _number(text: str | None) -> int:
    """A whole number of at most 15 digits; -1 for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else -1
