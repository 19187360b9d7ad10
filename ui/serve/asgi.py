"""Parts of plain ASGI that the gates before the window share: headers, bodies, answers of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from core.errors import Lang
from ui.window.error_page import marked

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LANGUAGE_COOKIE = "rareword_lang"
PATIENCE = 60.0
"""Seconds between two pieces of what a client sends."""

# The browser itself then refuses to ask any other machine for anything.
SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        b"worker-src 'self' blob:; "
        b"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
        b"font-src 'self' data:; connect-src 'self' blob: data:; frame-ancestors 'none'; form-action 'self'; "
        b"base-uri 'self'",
    ),
)


class Headers:
    """A request's headers, without case."""

    def __init__(self, scope: Scope) -> None:
        self._pairs = [(name.decode("latin-1").lower(), v.decode("latin-1")) for name, v in scope["headers"]]

    def get(self, name: str) -> str:
        return next((value for key, value in self._pairs if key == name), "")

    def count(self, name: str) -> int:
        return sum(key == name for key, _ in self._pairs)

    def cookie(self, name: str) -> str:
        for part in "; ".join(value for key, value in self._pairs if key == "cookie").split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
        return ""

    @property
    def lang(self) -> Lang:
        """The language of answers: as chosen on the page, else as the browser prefers."""
        chosen = self.cookie(LANGUAGE_COOKIE).partition(".")[0] or self.get("accept-language").lower()
        return "ja" if chosen.startswith("ja") else "en"


async def read_body(receive: Receive, most: int) -> bytes | None:
    """The whole body, or None when it is longer than `most` bytes or the client went away."""
    body, receive = bytearray(), patient(receive)
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body"):
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


async def answer(send: Send, status: int, body: bytes, *more: tuple[bytes, bytes]) -> None:
    """An answer that is not the window's: text, or a page when it begins like one."""
    kind = b"text/html; charset=utf-8" if body.startswith(b"<!") else b"text/plain; charset=utf-8"
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *SAFE_HEADERS, *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, status: int, sentence: str) -> None:
    """A sentence as JSON, under both names where the page's own program looks for one to show."""
    said = marked(sentence)
    body = json.dumps({"error": said, "detail": said}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *SAFE_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def with_safe_headers(send: Send) -> Send:
    """A `send` that adds SAFE_HEADERS to every answer and takes away what invites other sites."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [
                (k, v) for k, v in message.get("headers", []) if not k.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": [*kept, *SAFE_HEADERS]}
        await send(message)

    return send_with_headers
