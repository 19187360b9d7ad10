"""The last net: a fault of the server itself is answered with a sentence, never with a bare HTTP 500."""

from __future__ import annotations

import logging
from pathlib import Path

from gradio.route_utils import FnIndexInferError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.serve.asgi import language, refusal
from ui.serve.routes import CALLS
from ui.text import say

_log = logging.getLogger(__name__)


class Net:
    """ASGI application around all others but the Guard. log: where the details are."""

    def __init__(self, app: ASGIApp, log: Path) -> None:
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
        except Exception as error:
            if caught.has_begun:
                raise  # half of an answer is sent
            if scope["path"] in CALLS and isinstance(error, KeyError | FnIndexInferError):
                # Of a page from before a restart: the handler that it names is not there.
                await refusal(404, say("fault.old", language(Request(scope))))(scope, receive, send)
                return
            _log.exception("a request was not answered: %s %s", scope["method"], scope["path"])
            caught.is_fault = True
        if caught.is_fault:
            sentence = say("fault.inside", language(Request(scope)), path=self._log_path)
            await refusal(500, sentence)(scope, receive, send)


class _Caught:
    """Sends an answer on, but keeps back one that is a fault and says nothing: HTTP 500 as plain text."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_fault = self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = Headers(raw=message.get("headers", [])).get("content-type", "")
            self.is_fault = message["status"] == 500 and not kind.startswith("application/json")
            self.has_begun = not self.is_fault
        if not self.is_fault:
            await self._send(message)
