"""The gate before everything the window serves: host, origin, closed routes, login. Pure ASGI."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from ui.serve.asgi import App, Headers, Receive, Scope, Send, answer, read_body, refuse, with_safe_headers
from ui.serve.login import COOKIE, Login, login_page, send_session
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
        app: App,
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
        headers = Headers(scope)
        scope = self._plain(scope, headers)
        status, key = self._refusal(scope, headers)
        if status:
            names = {name: _name_of(headers.get(name)) or "?" for name in ("host", "origin")}
            await _say_no(send, scope, status, say(key, headers.lang, **names))
        elif self._login is not None and not self._login.knows(headers.cookie(COOKIE)):
            await self._let_in(self._login, scope, headers, receive, send)
        elif self._login is not None and scope["path"] == LOG_OUT:
            self._login.leave(headers.cookie(COOKIE))
            await send_session(send, "", headers)
        else:
            await self._app(scope, receive, with_safe_headers(send))

    def _plain(self, scope: Scope, headers: Headers) -> Scope:
        """The request without the path that a proxy adds, and without what it merely claims."""
        path, root = scope["path"], self._root_path
        if root and (path == root or path.startswith(f"{root}/")):
            path = path[len(root) :] or "/"
        named = _name_of(headers.get("x-forwarded-host").split(",")[0].strip())
        claims = _CLAIMS if named in self._public else {*_CLAIMS, b"x-forwarded-host"}
        kept = [(name, value) for name, value in scope["headers"] if name.lower() not in claims]
        return {**scope, "path": path, "raw_path": path.encode(), "root_path": "", "headers": kept}

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str]:
        """The status to refuse with and the key of its sentence; (0, "") when there is none."""
        if headers.count("host") != 1 or not self._is_known_host(headers.get("host")):
            return 421, "serve.host"
        if not self._is_same_origin(scope, headers):
            return 403, "serve.origin"
        is_for_login = self._login is not None and scope["path"] in ("/login", LOG_OUT)
        return (0, "") if is_for_login or is_open(scope["method"], scope["path"]) else (404, "serve.closed")

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

    def _is_same_origin(self, scope: Scope, headers: Headers) -> bool:
        """Whether the request comes from our own page, or is a user opening the page."""
        origin = headers.get("origin")
        if origin:
            is_here = origin.partition("://")[2].lower() == headers.get("host").lower()
            # A proxy may ask under a name of its own; where the page is shown was told at the start.
            return is_here or _name_of(origin) in self._public
        site = headers.get("sec-fetch-site")
        if site in ("", "same-origin", "none"):
            return True
        return scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"

    async def _let_in(
        self, login: Login, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> None:
        """The login page, a login, or 401."""
        client = (scope.get("client") or ("?", 0))[0]
        path, method, lang = scope["path"], scope["method"], headers.lang
        if method == "POST" and path == "/login":
            fields = parse_qs((await read_body(receive, 4096) or b"").decode("utf-8", "replace"))
            # Asked after the body has come: many may be on their way at the same time.
            if login.is_blocked(client):
                await answer(send, 429, login_page(say("login.wait", lang), lang))
                return
            session = login.enter(fields.get("user", [""])[0], fields.get("password", [""])[0], client)
            if session:
                await send_session(send, session, headers)
            else:
                await answer(send, 401, login_page(say("login.wrong", lang), lang))
            return
        if method == "GET" and path in ("/", "/login", LOG_OUT):
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            session = login.enter_by_token(token) if token else None
            if session:
                await send_session(send, session, headers)
            else:
                await answer(send, 200, login_page("", lang))
            return
        await _say_no(send, scope, 401, say("serve.login", lang))


async def _say_no(send: Send, scope: Scope, status: int, sentence: str) -> None:
    """A sentence where the page's program looks for it, or for a user to read."""
    if scope["path"].startswith(f"{API}/"):
        await refuse(send, status, sentence)
    else:
        await answer(send, status, sentence.encode())


def _name_of(host: str) -> str:
    """The name in "name:port" or "scheme://name:port", in lower case; "" when there is none."""
    name = host.partition("://")[2] or host
    if any(sign in name for sign in "@/\\?#"):  # of an address, not of a host
        return ""
    try:
        return urlsplit(f"//{name}").hostname or ""
    except ValueError:
        return ""
