"""Sends results to a browser: straight from the disk, in pieces, as something to be saved."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from fastapi import HTTPException, Request
from fastapi.responses import FileResponse, Response, StreamingResponse

from ui.window import Window
from ui.window.results import find, zipped

_PLAIN = "application/octet-stream"


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
