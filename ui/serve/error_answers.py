"""The last net: a fault of the server itself is answered with a sentence, never with a bare HTTP 500."""

from __future__ import annotations

import logging
from pathlib import Path

from starlette.requests import ClientDisconnect

from ui.serve.asgi import App, Headers, Message, Receive, Scope, Send, refuse
from ui.text import say

_log = logging.getLogger(__name__)


class Net:
    """ASGI application around all others but the Guard. log: where the details are."""

    def __init__(self, app: App, log: Path) -> None:
        self._app, self._log_path = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caught = _Caught(send)
        try:
            await self._app(scope, receive, caught)
        except ClientDisconnect:
            return  # nobody is there to read an answer
        except Exception:
            if caught.has_begun:
                raise  # half of an answer is sent
            _log.exception("a request was not answered: %s %s", scope["method"], scope["path"])
            caught.is_fault = True
        if caught.is_fault:
            await refuse(send, 500, say("fault.inside", Headers(scope).lang, path=self._log_path))


class _Caught:
    """Sends an answer on, but keeps back one that is a fault and says nothing: HTTP 500 as plain text."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_fault = self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kinds = [value for name, value in message.get("headers", []) if name.lower() == b"content-type"]
            is_told = any(kind.startswith(b"application/json") for kind in kinds)
            self.is_fault = message["status"] == 500 and not is_told
            self.has_begun = not self.is_fault
        if not self.is_fault:
            await self._send(message)
