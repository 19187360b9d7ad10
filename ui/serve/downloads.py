"""Sends a browser what does not go through Gradio: results from the disk in pieces, a run as it goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from fastapi import HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

from core.errors import Lang
from ui.parts.samples import MOST_STEPS
from ui.run.log import FILE, log_text
from ui.run.polling import answer
from ui.window import Window
from ui.window.results import find, zipped

_PLAIN = "application/octet-stream"
_MADE = re.compile(r"[0-9a-f]{32}\.webp")


def sender(window: Window) -> Callable[..., Response]:
    """The handler of the results' addresses. It sends what is listed, whatever the address looks like."""

    def send(name: str, request: Request) -> Response:
        result = find(window, name)
        if result is None:
            raise HTTPException(404)
        if not result.files:
            return FileResponse(result.path, media_type=_PLAIN, filename=result.name)
        headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(result.name)}"}
        body = zipped(result) if request.method == "GET" else iter(())
        return StreamingResponse(body, media_type="application/zip", headers=headers)

    return send


def image_sender(window: Window) -> Callable[..., Response]:
    """The handler of the addresses of small images: those that the window made, by names that it made."""

    def send(name: str) -> Response:
        file = window.cache / name
        if not _MADE.fullmatch(name) or not file.is_file():
            raise HTTPException(404)
        headers = {
            "cache-control": "private, max-age=31536000, immutable"
        }  # the name changes with what it shows
        return FileResponse(file, media_type="image/webp", headers=headers)

    return send


def live(window: Window) -> Callable[..., Response]:
    """The handler of what is asked once a second: see ui.run.polling.answer."""

    def send(request: Request) -> Response:
        asked = request.query_params
        columns = asked.get("columns", "")
        most = int(columns) if columns.isdecimal() and len(columns) < 6 else MOST_STEPS
        found = answer(window, _lang(request), asked, most)
        return JSONResponse(found, headers={"cache-control": "no-store"})

    return send


def log_sender(window: Window) -> Callable[..., Response]:
    """The handler of the log's address."""

    def send(request: Request) -> Response:
        headers = {"content-disposition": f"attachment; filename={FILE}"}
        return PlainTextResponse(log_text(window, _lang(request)), headers=headers)

    return send


def _lang(request: Request) -> Lang:
    return "ja" if request.query_params.get("lang") == "ja" else "en"
