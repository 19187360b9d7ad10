"""The gate before everything the window serves: host, origin, closed routes, login. Pure ASGI."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serve.asgi import NO_STORE, language, patient, read_body, refusal, with_safe_headers
from ui.serve.login import COOKIE, Login, login_page, session_answer
from ui.serve.routes import API, LOG_OUT, is_open
from ui.text import say

# Whoever asks can write into these what he likes. Gradio would take them for where the page is.
_CLAIMS = frozenset({b"forwarded", b"x-gradio-server", b"x-forwarded-for", b"x-forwarded-port"})


class Guard:
    """Outermost ASGI application.

    hosts: names the page may be asked under. any_address: also IP numbers. root_path: where a proxy shows the
    page, such as "/rareword"; requests may come with it or without.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str],
        login: Login | None = None,
        any_address: bool = False,
        root_path: str = "",
    ) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts}
        self._public: set[str] = set()
        self._login = login
        self._any_address = any_address
        self._root_path = root_path

    def allow_host(self, host: str) -> None:
        """One more name: of a share link, or of a proxy before the window."""
        self._hosts.add(host.lower())
        self._public.add(host.lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(self._plain(scope), patient(receive))
        answer = await self._answer(request)
        await (answer or self._app)(request.scope, receive, with_safe_headers(send))

    async def _answer(self, request: Request) -> Response | None:
        """The answer to who is not let through to the window; None for all others."""
        login, session = self._login, request.cookies.get(COOKIE, "")
        status, key = self._refusal(request)
        if status:
            names = {name: _name_of(request.headers.get(name, "")) or "?" for name in ("host", "origin")}
            return _refused(request, status, key, **names)
        if login is not None and not login.knows(session):
            return await _let_in(login, request)
        if login is not None and request.scope["path"] == LOG_OUT:
            login.leave(session)
            return session_answer(request, "")
        return None

    def _plain(self, scope: Scope) -> Scope:
        """The request without the path that a proxy adds, and without what it merely claims."""
        path, root = scope["path"], self._root_path
        if root and (path == root or path.startswith(f"{root}/")):
            path = path[len(root) :] or "/"
        named = _name_of(Request(scope).headers.get("x-forwarded-host", "").split(",")[0].strip())
        claims = _CLAIMS if named in self._public else {*_CLAIMS, b"x-forwarded-host"}
        kept = [(name, value) for name, value in scope["headers"] if name.lower() not in claims]
        return {**scope, "path": path, "raw_path": path.encode(), "root_path": "", "headers": kept}

    def _refusal(self, request: Request) -> tuple[int, str]:
        """The status to refuse with and the key of its sentence; (0, "") when there is none."""
        hosts, path = request.headers.getlist("host"), request.scope["path"]
        if len(hosts) != 1 or not self._is_known_host(hosts[0]):
            return 421, "serve.host"
        if not self._is_same_origin(request):
            return 403, "serve.origin"
        is_for_login = self._login is not None and path in ("/login", LOG_OUT)
        return (0, "") if is_for_login or is_open(request.method, path) else (404, "serve.closed")

    def _is_known_host(self, host: str) -> bool:
        name = _name_of(host)
        if name in self._hosts:
            return True
        # Another site's name can be pointed at this machine (DNS rebinding); a bare address can't.
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_address

    def _is_same_origin(self, request: Request) -> bool:
        """Whether the request comes from our own page, or is a user opening the page."""
        headers = request.headers
        if origin := headers.get("origin"):
            is_here = origin.partition("://")[2].lower() == headers["host"].lower()
            # A proxy may ask under a name of its own; where the page is shown was given at the start.
            return is_here or _name_of(origin) in self._public
        if headers.get("sec-fetch-site", "") in ("", "same-origin", "none"):
            return True
        return request.method == "GET" and headers.get("sec-fetch-mode") == "navigate"


async def _let_in(login: Login, request: Request) -> Response:
    """The login page, a login, or 401."""
    lang, path = language(request), request.scope["path"]
    client = request.client.host if request.client else "?"
    if request.method == "POST" and path == "/login":
        fields = parse_qs((await read_body(request, 4096) or b"").decode("utf-8", "replace"))
        # Asked after the body has come: many may be on their way at the same time.
        if login.is_blocked(client):
            return HTMLResponse(login_page(say("login.wait", lang), lang), 429, NO_STORE)
        session = login.enter(fields.get("user", [""])[0], fields.get("password", [""])[0], client)
        if session:
            return session_answer(request, session)
        return HTMLResponse(login_page(say("login.wrong", lang), lang), 401, NO_STORE)
    if request.method == "GET" and path in ("/", "/login", LOG_OUT):
        token = request.query_params.get("token", "")
        session = login.enter_by_token(token) if token else None
        return (
            session_answer(request, session) if session else HTMLResponse(login_page("", lang), 200, NO_STORE)
        )
    return _refused(request, 401, "serve.login")


def _refused(request: Request, status: int, key: str, **facts: str) -> Response:
    """A sentence where the page's program looks for it, or for a user to read."""
    sentence = say(key, language(request), **facts)
    if request.scope["path"].startswith(f"{API}/"):
        return refusal(status, sentence)
    return PlainTextResponse(sentence, status, NO_STORE)


def _name_of(host: str) -> str:
    """The name in "name:port" or "scheme://name:port", in lower case; "" when there is none."""
    name = host.partition("://")[2] or host
    if any(sign in name for sign in "@/\\?#"):  # of an address, not of a host
        return ""
    try:
        return urlsplit(f"//{name}").hostname or ""
    except ValueError:
        return ""
