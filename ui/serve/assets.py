"""The page's own program files, kept in memory as they were sent first: finding and packing them anew for
every browser takes longer than sending them, and a page needs some seventy.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER = "/assets/"
MOST = 1024
"""Files; what comes after them is sent as always."""

_FOREVER = "private, max-age=31536000, immutable"
"""Their names change with what is in them, so that a browser need not ask again."""


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
        headers = Headers(scope=scope)
        if "br" not in headers.get("accept-encoding", "") or "range" in headers:
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
            MutableHeaders(scope=message)["cache-control"] = _FOREVER
            self._messages = [message]
        elif message["type"] == "http.response.body" and self._messages:
            self._messages.append(message)
            if not message.get("more_body") and len(self._kept) < MOST:
                self._kept[self._path] = self._messages
        await self._send(message)
