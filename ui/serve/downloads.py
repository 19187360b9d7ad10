"""Sends a browser what does not go through Gradio: results from the disk in pieces, a run as it goes on."""

from __future__ import annotations

import re
from dataclasses import asdict
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

from core.errors import LANGS, Lang
from ui.parts.images import PREFIX as IMAGES
from ui.parts.samples import MOST_STEPS
from ui.run.log import FILE, log_text
from ui.run.polling import PREFIX as LIVE
from ui.run.polling import answer
from ui.serve.asgi import NO_STORE
from ui.serve.routes import BROWSE
from ui.window import Window
from ui.window.browsing import KINDS, listing
from ui.window.results import PREFIX as RESULTS
from ui.window.results import find, zipped

_PLAIN = "application/octet-stream"
_IMAGE = re.compile(r"[0-9a-f]{32}\.webp")


def add_routes(app: FastAPI, window: Window) -> None:
    """Answers below the addresses of results, small images, and the run as it goes on."""

    @app.api_route(f"/{RESULTS}/{{name:path}}", methods=["GET", "HEAD"])
    def result(name: str, request: Request) -> Response:
        """What is listed, whatever the address looks like."""
        result = find(window, name)
        if result is None:
            raise HTTPException(404)
        if not result.files:
            return FileResponse(result.path, media_type=_PLAIN, filename=result.name)
        headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(result.name)}"}
        body = zipped(result) if request.method == "GET" else iter(())
        return StreamingResponse(body, media_type="application/zip", headers=headers)

    @app.api_route(f"/{IMAGES}/{{name}}", methods=["GET", "HEAD"])
    def image(name: str) -> Response:
        """Small images that the window made, by names that it made: they change with what they show."""
        file = window.thumbs.asked(name) if _IMAGE.fullmatch(name) else None
        if file is None:
            raise HTTPException(404)
        headers = {"cache-control": "private, max-age=31536000, immutable"}
        return FileResponse(file, media_type="image/webp", headers=headers)

    @app.get(f"/{LIVE}")
    def live(request: Request) -> Response:
        """What is polled once a second: see ui.run.polling.answer."""
        query = request.query_params
        columns = query.get("columns", "")
        most = int(columns) if columns.isdecimal() and len(columns) < 6 else MOST_STEPS
        return JSONResponse(answer(window, _lang(request), query, most), headers=NO_STORE)

    @app.get(BROWSE)
    def browse(request: Request) -> Response:
        """A folder of this computer, for script/paths.js."""
        query = request.query_params
        kind = query.get("kind", "")
        if kind not in KINDS:
            raise HTTPException(404)
        return JSONResponse(asdict(listing(window.paths, query.get("path", ""), kind)), headers=NO_STORE)

    @app.get(f"/{LIVE}/log")
    def log(request: Request) -> Response:
        headers = {"content-disposition": f"attachment; filename={FILE}"}
        return PlainTextResponse(log_text(window, _lang(request)), headers=headers)


def _lang(request: Request) -> Lang:
    asked = request.query_params.get("lang")
    return next((lang for lang in LANGS if lang == asked), "en")
