"""What the gates before the window share: the language of who asks, bodies, refusals, safe headers."""

from __future__ import annotations

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Send

from core.errors import LANGS, Lang
from ui.window.error_page import marked

LANGUAGE_COOKIE = "rareword_lang"
PATIENCE = 60.0
"""Seconds between two pieces of what a client sends."""

NO_STORE = {"cache-control": "no-store"}

# The browser itself then refuses to ask any other machine for anything.
SAFE_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' blob: data:; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'self'",
}


def language(request: Request) -> Lang:
    """The language of answers: as asked for, else as chosen on the page, else as the browser prefers."""
    asked = request.query_params.get("lang", "")
    chosen = asked if asked in LANGS else request.cookies.get(LANGUAGE_COOKIE, "").partition(".")[0]
    named = chosen or request.headers.get("accept-language", "").lower()
    return next((lang for lang in LANGS if named.startswith(lang)), "en")


async def read_body(request: Request, most: int) -> bytes | None:
    """The whole body, or None when it is longer than `most` bytes or the client went away."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)


def patient(receive: Receive) -> Receive:
    """A `receive` that takes a client that sends nothing for PATIENCE seconds for one that is gone."""

    async def receive_soon() -> Message:
        try:
            return await asyncio.wait_for(receive(), PATIENCE)
        except TimeoutError:
            return {"type": "http.disconnect"}

    return receive_soon


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives this body first, then what comes after it."""
    waiting = [body]

    async def receive_again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return receive_again


def refusal(status: int, sentence: str) -> JSONResponse:
    """A sentence as JSON, under both names where the page's own program looks for one to show."""
    shown = marked(sentence)
    return JSONResponse({"error": shown, "detail": shown}, status, NO_STORE)


def with_safe_headers(send: Send) -> Send:
    """A `send` that adds SAFE_HEADERS to every answer and takes away what invites other sites."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]
            headers.update(SAFE_HEADERS)
        await send(message)

    return send_with_headers
