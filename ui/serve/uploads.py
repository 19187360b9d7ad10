"""What is sent to the window: how much of it, which kinds are kept; and no browser shows it as a page."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.counting import size_text
from core.errors import Lang
from ui.serve.asgi import language, patient, refusal
from ui.serve.routes import FILE, UPLOAD
from ui.text import say

_AS_FILE = {"content-disposition": "attachment", "content-type": "application/octet-stream"}

_BETWEEN_LOOKS = 64 << 20
"""Bytes that come before the disk is looked at again."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Room:
    """Bytes. all: of all that was sent and is not forgotten yet. spare: left free on the disk."""

    all: int = 20 << 30
    spare: int = 1 << 30


class Uploads:
    """ASGI application around the one that takes and gives back files.

    folder: where they come to lie. also: another folder of what was sent, which counts too. endings: the
    kinds that the page has a use for; of any other only the name is kept, so that the page can say that it
    was left out.
    """

    def __init__(
        self,
        app: ASGIApp,
        folder: Path,
        endings: Callable[[], Collection[str]],
        room: Room = Room(),
        also: Path | None = None,
    ) -> None:
        self._app, self._folder, self._endings, self._room = app, folder, endings, room
        self._counted_too = [also] if also else []
        self._under_way: list[int] = []
        """Bytes that each upload which goes on has announced."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == UPLOAD:
            await self._take(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(FILE):
            await self._app(scope, receive, _as_attachment(send))
        else:
            await self._app(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        lang, length = language(request), request.headers.get("content-length", "")
        announced = int(length[:20]) if length.isascii() and length.isdigit() else 0
        room, key = await run_in_threadpool(self.left)
        room = max(room - sum(self._under_way), 0)
        if announced > room:
            await no_room(key, room, lang)(scope, receive, send)
            return
        answer = _Kept()
        self._under_way.append(announced)
        try:
            await self._app(scope, patient(self._counted(receive, room)), answer)
        except _TooMuch:
            await no_room(key, room, lang)(scope, receive, send)
            return
        finally:
            self._under_way.remove(announced)
            # At once, not on a thread: an upload that begins meanwhile has a half of its own.
            if not self._under_way:
                self._remove_halves()
        if answer.is_good:
            await run_in_threadpool(self._empty_unknown, answer.body)
        await answer.pass_on(send)

    def left(self) -> tuple[int, str]:
        """How many bytes may still be sent, and the key of what to say about more."""
        used = 0
        folders = (self._folder, *self._counted_too)
        for path, names in ((path, names) for folder in folders for path, _, names in os.walk(folder)):
            for name in names:
                with contextlib.suppress(OSError):  # one that is deleted just now
                    used += os.lstat(os.path.join(path, name)).st_size
        on_disk = self._free_bytes()
        of_all = self._room.all - used
        return (max(on_disk, 0), "serve.full.disk") if on_disk < of_all else (max(of_all, 0), "serve.full")

    def _free_bytes(self) -> int:
        """Of the disk, without what is to stay free."""
        place = next(folder for folder in (self._folder, *self._folder.parents) if folder.is_dir())
        return shutil.disk_usage(place).free - self._room.spare

    def _counted(self, receive: Receive, most: int) -> Receive:
        """A `receive` that raises _TooMuch after `most` bytes, or when others have filled the disk."""
        came = looked = 0

        async def receive_counted() -> Message:
            nonlocal came, looked
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise _TooMuch
            if came - looked > _BETWEEN_LOOKS:
                looked = came
                if self._free_bytes() < 0:
                    raise _TooMuch
            return message

        return receive_counted

    def _remove_halves(self) -> None:
        """Files that were never sent whole: Gradio leaves them beside the folders of those that were."""
        for path in self._folder.glob("*"):
            if path.is_file() and not path.is_symlink():
                path.unlink(missing_ok=True)

    def _empty_unknown(self, body: bytes) -> None:
        """Keep no more than the names of files that the page has no use for."""
        endings = self._endings()
        for name in json.loads(body):
            path = Path(name)
            if path.suffix.lower() not in endings and path.is_file():
                _log.info("of %s only the name is kept", path.name)
                os.truncate(path, 0)


class _TooMuch(Exception):
    """More is being sent than there is room for."""


class _Kept:
    """A `send` that keeps an answer back; it is short."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self._messages.append(message)

    @property
    def is_good(self) -> bool:
        return bool(self._messages) and self._messages[0]["status"] == 200

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self._messages)

    async def pass_on(self, send: Send) -> None:
        for message in self._messages:
            await send(message)


def no_room(key: str, room: int, lang: Lang) -> Response:
    """The refusal of what there is no room for. key: of its sentence. room: bytes that are left."""
    return refusal(413, say(key, lang, room=size_text(room)))


def _as_attachment(send: Send) -> Send:
    async def send_attachment(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_AS_FILE)
        await send(message)

    return send_attachment
