"""The page's own program files, kept in memory as they were sent first: finding and packing them anew for
every browser takes longer than sending them, and a page needs some seventy.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = "/assets/"
MOST = 1024
"""Files; what comes after them is sent as always."""

_FOREVER = (b"cache-control", b"private, max-age=31536000, immutable")
"""Their names change with what is in them, so that a browser need not ask again."""

Message = MutableMapping[str, Any]


class Assets:
    """ASGI application around the one that has the files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "GET" or not path.startswith(FOLDER):
            await self._app(scope, receive, send)
            return
        # One way of packing is kept, the one every browser of today takes.
        asked = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        if b"br" not in asked or any(name == b"range" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        if path not in self._kept:
            await self._app(scope, receive, _Keeper(send, self._kept, path))
            return
        for message in self._kept[path]:
            await send(message)


class _Keeper:
    """Sends an answer on, and keeps it once it was sent whole."""

    def __init__(self, send: Send, kept: dict[str, list[Message]], path: str) -> None:
        self._send, self._kept, self._path = send, kept, path
        self._messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            headers = [pair for pair in message.get("headers", []) if pair[0].lower() != b"cache-control"]
            message = {**message, "headers": [*headers, _FOREVER]}
            self._messages = [message]
        elif message["type"] == "http.response.body" and self._messages:
            self._messages.append(message)
            if not message.get("more_body") and len(self._kept) < MOST:
                self._kept[self._path] = self._messages
        await self._send(message)
