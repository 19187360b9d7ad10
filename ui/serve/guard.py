"""The gate before everything the window serves: host, origin, closed routes, login. Pure ASGI."""

from __future__ import annotations

import hmac
import html
import ipaddress
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ui.serve.asgi import SAFE_HEADERS, Headers, Receive, Scope, Send, answer, read_body, with_safe_headers
from ui.serve.routes import is_open
from ui.text import say

COOKIE = "rareword_session"
LOGIN_TOKEN_SECONDS = 600
MOST_WRONG_LOGINS = 10
"""A minute, by each client address."""


class Login:
    """Who may come in: one user, a password, sessions that die with the process, one link that works once."""

    def __init__(self, user: str, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._user, self._password, self._clock = user, password, clock
        self._sessions: set[str] = set()
        self._wrong: dict[str, deque[float]] = {}
        self._tokens: dict[str, float] = {}
        self.token = self.invite()
        """For the link that is printed."""

    def invite(self) -> str:
        """A token for one more link that logs in once, within ten minutes."""
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._clock() + LOGIN_TOKEN_SECONDS
        return token

    def knows(self, session: str) -> bool:
        return any(hmac.compare_digest(session.encode(), known.encode()) for known in self._sessions)

    def is_blocked(self, client: str) -> bool:
        """Whether this address has tried too many wrong passwords within the last minute."""
        tries = self._wrong.get(client, deque())
        while tries and tries[0] < self._clock() - 60:
            tries.popleft()
        return len(tries) >= MOST_WRONG_LOGINS

    def enter(self, user: str, password: str, client: str) -> str | None:
        """A new session, or None when user or password is wrong."""
        is_user = hmac.compare_digest(user.encode(), self._user.encode())
        is_password = hmac.compare_digest(password.encode(), self._password.encode())
        if is_user and is_password:
            return self._new_session()
        self._wrong.setdefault(client, deque()).append(self._clock())
        return None

    def enter_by_token(self, token: str) -> str | None:
        """A new session for the one-time link; the link is void afterwards."""
        known = [one for one in self._tokens if hmac.compare_digest(token.encode(), one.encode())]
        if not known or self._clock() > self._tokens.pop(known[0]):
            return None
        return self._new_session()

    def _new_session(self) -> str:
        session = secrets.token_urlsafe(32)
        self._sessions.add(session)
        return session


class Guard:
    """Outermost ASGI application. hosts: names the page may be asked under; any_address: also IP numbers."""

    def __init__(
        self, app: Any, hosts: Iterable[str], login: Login | None = None, any_address: bool = False
    ) -> None:
        self._app = app
        self._hosts = {host.lower() for host in hosts}
        self._login = login
        self._any_address = any_address

    def allow_host(self, host: str) -> None:
        """One more name, once the share link is known."""
        self._hosts.add(host.lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await answer(send, refusal, b"refused")
        elif self._login is not None and not self._login.knows(headers.cookie(COOKIE)):
            await self._let_in(self._login, scope, headers, receive, send)
        else:
            await self._app(scope, receive, with_safe_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> int:
        """The status to refuse with, or 0."""
        if headers.count("host") != 1 or not self._is_known_host(headers.get("host")):
            return 421
        if not _is_same_origin(scope, headers):
            return 403
        if is_open(scope["method"], scope["path"]) or (self._login is not None and scope["path"] == "/login"):
            return 0
        return 404

    def _is_known_host(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname or ""
        if name in self._hosts:
            return True
        # Another site's name can be pointed at this machine (DNS rebinding); a bare address can't.
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self._any_address

    async def _let_in(
        self, login: Login, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> None:
        """The login page, a login, or 401."""
        client = (scope.get("client") or ("?", 0))[0]
        path, method, lang = scope["path"], scope["method"], headers.lang
        if method == "POST" and path == "/login":
            if login.is_blocked(client):
                await answer(send, 429, _login_page(say("login.wait", lang), lang))
                return
            fields = parse_qs((await read_body(receive, 4096) or b"").decode("utf-8", "replace"))
            session = login.enter(fields.get("user", [""])[0], fields.get("password", [""])[0], client)
            if session:
                await _redirect(send, session, headers)
            else:
                await answer(send, 401, _login_page(say("login.wrong", lang), lang))
            return
        if method == "GET" and path in ("/", "/login"):
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            session = login.enter_by_token(token) if token else None
            if session:
                await _redirect(send, session, headers)
            else:
                await answer(send, 200, _login_page("", lang))
            return
        await answer(send, 401, b"login needed")


def _is_same_origin(scope: Scope, headers: Headers) -> bool:
    """Whether the request comes from our own page, or is a person opening the page."""
    origin = headers.get("origin")
    if origin:
        return urlsplit(origin).netloc.lower() == headers.get("host").lower()
    site = headers.get("sec-fetch-site")
    if site in ("", "same-origin", "none"):
        return True
    return scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"


async def _redirect(send: Send, session: str, headers: Headers) -> None:
    secure = "; Secure" if headers.get("x-forwarded-proto") == "https" else ""
    cookie = f"{COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict{secure}"
    # A page of its own instead of a redirect: with SameSite=Strict a browser that follows a link from
    # elsewhere would not send the new cookie on the redirected request.
    body = b'<!doctype html><meta http-equiv="refresh" content="0; url=/"><title>Rareword</title>'
    pairs = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"set-cookie", cookie.encode("latin-1")),
        *SAFE_HEADERS,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


_LOGIN_STYLE = """
:root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-items:center;
background:Canvas;font:16px/1.5 system-ui,"Noto Sans JP","Yu Gothic UI",sans-serif}
form{width:min(20rem,86vw);display:grid;gap:.8rem}
h1{font-size:1.3rem;margin:0}p{margin:0;color:#b42318}label{display:grid;gap:.25rem;font-size:.9rem}
input{font:inherit;padding:.55rem .7rem;border:1px solid #8888;border-radius:.5rem;
background:Field;color:FieldText}
button{font:inherit;font-weight:600;padding:.6rem;border:0;border-radius:.5rem;background:#0f766e;color:#fff}
"""


def _login_page(message: str, lang: Any) -> bytes:
    said = f"<p role=alert>{html.escape(message)}</p>" if message else ""
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Rareword</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_LOGIN_STYLE}</style>"
        f'<form method="post" action="/login"><h1>Rareword</h1>{said}'
        f"<label>{html.escape(say('login.user', lang))}"
        f'<input name="user" autocomplete="username" autofocus></label>'
        f"<label>{html.escape(say('login.password', lang))}"
        f'<input name="password" type="password" autocomplete="current-password"></label>'
        f"<button>{html.escape(say('login.enter', lang))}</button></form></html>"
    ).encode()
