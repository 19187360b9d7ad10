"""What was sent to the window is never shown by a browser as a page of the window's own: it is saved."""

from __future__ import annotations

from ui.serve.asgi import App, Message, Receive, Scope, Send
from ui.serve.routes import FILE

_SAVED = (b"content-disposition", b"attachment")
_PLAIN = (b"content-type", b"application/octet-stream")


class Uploads:
    """ASGI application around the one that takes and gives back files."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(FILE):
            await self._app(scope, receive, _as_attachment(send))
        else:
            await self._app(scope, receive, send)


def _as_attachment(send: Send) -> Send:
    async def send_attachment(message: Message) -> None:
        if message["type"] == "http.response.start":
            replaced = (_SAVED[0], _PLAIN[0])
            kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in replaced]
            message = {**message, "headers": [*kept, _SAVED, _PLAIN]}
        await send(message)

    return send_attachment
