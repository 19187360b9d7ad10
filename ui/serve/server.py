"""Serves the window: FastAPI, the Guard around it, uvicorn on a thread of its own, the share link."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.utils import get_upload_folder
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.app import App
from ui.dataset.drop_zone import TAKEN
from ui.run.polling import PREFIX as LIVE
from ui.serve.access import Guard
from ui.serve.assets import Assets
from ui.serve.bodies import Bodies
from ui.serve.chunks import Chunks
from ui.serve.downloads import add_routes
from ui.serve.error_answers import Net
from ui.serve.login import Login
from ui.serve.uploads import Uploads
from ui.settings.opening import ENDINGS
from ui.theme import FAVICON, FRAME, SCRIPTS, STYLES, theme
from ui.window import Window
from ui.window.error_page import words_html

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LARGEST_UPLOAD, LARGEST_SAID = "4gb", "4 GiB"
"""Of one file; for all together see ui.serve.uploads.Room."""
UPLOADS = "uploads"
"""Folder below the window's cache for what is sent to it, apart from what the window makes itself."""
_PORTS_TRIED = 20
_LEFT_OVER = 2 * 24 * 3600
"""Age (s) at which a cache is surely of a window that had no time to clear up."""

_log = logging.getLogger(__name__)


@dataclass
class Served:
    """A window that answers requests."""

    server: uvicorn.Server
    thread: threading.Thread
    guard: Guard
    host: str
    port: int

    @property
    def url(self) -> str:
        """The address for a browser on this computer."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def close(self) -> None:
        """Stop answering."""
        self.server.should_exit = True
        self.thread.join(10)


@dataclass(frozen=True)
class Proxy:
    """How the page is reached from elsewhere: under these names, below this path ("" or "/rareword")."""

    host_names: tuple[str, ...] = ()
    root_path: str = ""


DIRECT = Proxy()


class Opening:
    """Has the page prepared before it is sent: in the language of who asks, with everything as it stands."""

    def __init__(self, app: ASGIApp, prepare: Callable[[str, str], None]) -> None:
        self._app, self._prepare = app, prepare

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/" and scope["method"] == "GET":
            request = Request(scope)
            language = request.headers.get("accept-language", "")
            chosen = request.cookies.get("rareword_lang", "")
            await run_in_threadpool(self._prepare, language, chosen)
        await self._app(scope, receive, send)


class Packed:
    """Packs the page and what it asks for every second; over a share link they would take long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._packed = app, GZipMiddleware(app, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_ours = scope["type"] == "http" and (path == "/" or path.startswith(f"/{LIVE}"))
        await (self._packed if is_ours else self._app)(scope, receive, send)


def gated(app: ASGIApp, window: Window) -> ASGIApp:
    """The window's own application behind everything that looks at what goes in and out, but the Guard."""
    folder = Path(get_upload_folder())

    def endings() -> set[str]:
        captions = str(window.draft.values.get("dataset.caption_extension") or ".caption").lower()
        return {*TAKEN, *ENDINGS, f".{captions.removeprefix('.')}"}

    uploads = Uploads(app, folder, endings, also=window.arrivals.folder)
    inner = Bodies(Chunks(uploads, window.arrivals, endings, uploads), folder)
    return Net(Packed(Assets(inner)), window.log_path)


def mounted(window: Window, root_path: str = "") -> FastAPI:
    """The page, by Gradio, and what is sent past it. root_path: see Proxy."""
    parent = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    # Gradio leaves its own, wide open CORS headers away when the parent has a policy; ours allows nobody.
    parent.add_middleware(CORSMiddleware, allow_origins=[])
    add_routes(parent, window)
    app = App(window)
    parent.add_middleware(
        Opening, prepare=lambda accept, cookie: app.prepare(window.language(accept, cookie))
    )
    gr.mount_gradio_app(
        parent,
        app.blocks,
        path="/",
        root_path=root_path or None,
        app_kwargs={"openapi_url": None},
        blocked_paths=[str(Path.home() / name) for name in (".ssh", ".cache", ".config", ".aws")],
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=True,
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        css_paths=STYLES,
        head=FRAME + words_html(window, LARGEST_SAID) + SCRIPTS,
        favicon_path=str(FAVICON),
    )
    # Gradio looks at what a request names as files only once its own server was started; here it is mounted.
    app.blocks.has_launched = app.blocks.is_running = True
    return parent


def private_cache(workspace: Path) -> Path:
    """A new folder for uploads and images on the page, for this user only; Gradio is set to use it too."""
    parent = workspace / "cache"
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob("window-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_OVER:
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="window-", dir=parent))
    os.environ["GRADIO_TEMP_DIR"] = str(folder / UPLOADS)
    return folder


def listening_socket(host: str, port: int | None, first: int = 7860) -> socket.socket:
    """A socket on the port asked for, or on the first free one from 7860 on. Raises OSError."""
    ports = [port] if port is not None else [*range(first, first + _PORTS_TRIED), 0]
    error: OSError | None = None
    for candidate in ports:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Named as TCP: only then asyncio sends each part of an answer at once, not 40 ms later.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name != "nt":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, candidate))
        except OSError as e:
            sock.close()
            error = e
            continue
        sock.listen(128)
        return sock
    assert error is not None
    raise error


def serve(
    window: Window, host: str, sock: socket.socket, login: Login | None, proxy: Proxy = DIRECT
) -> Served:
    """Answer on this socket from a thread of its own, so that Ctrl-C stays with the main thread."""
    port = sock.getsockname()[1]
    names = {host, *LOOPBACK}
    is_open = host not in LOOPBACK
    if is_open:
        names |= {socket.gethostname(), f"{socket.gethostname()}.local"}
    window.has_login = login is not None
    app = gated(mounted(window, proxy.root_path), window)
    guard = Guard(app, names, login, any_address=is_open, root_path=proxy.root_path)
    for name in proxy.host_names:
        guard.allow_host(name)
    config = uvicorn.Config(
        guard,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=1,
        server_header=False,
        proxy_headers=False,  # whoever asks could write into them who he is
        ws="none",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([sock],), name="rareword-server", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.02)
    return Served(server, thread, guard, host, port)


def share(served: Served) -> str:
    """The public address of a tunnel to this window. Raises OSError or RuntimeError when there is none."""
    from gradio.networking import setup_tunnel

    url = setup_tunnel("127.0.0.1", served.port, secrets.token_urlsafe(32), None, None)
    served.guard.allow_host(url.split("//", 1)[-1].split("/", 1)[0])
    return url
