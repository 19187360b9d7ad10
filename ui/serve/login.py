"""Who may come in: the login, its sessions, and the page that asks for it."""

from __future__ import annotations

import hmac
import html
import secrets
import time
from collections import deque
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.errors import Lang
from ui.serve.asgi import NO_STORE
from ui.text import say

COOKIE = "rareword_session"
LOGIN_TOKEN_SECONDS = 600
MOST_WRONG_LOGINS = 5
"""A minute, by each client address."""
MOST_WRONG_OF_ALL = 200
"""A minute, by all addresses together; so many are remembered at most."""


class Login:
    """One user, a password, sessions that die with the process, one link that works once."""

    def __init__(self, user: str, password: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._user, self._password, self._clock = user, password, clock
        self._sessions: set[str] = set()
        self._wrong: deque[tuple[float, str]] = deque()
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

    def leave(self, session: str) -> None:
        """End a session."""
        self._sessions.discard(session)

    def is_blocked(self, client: str) -> bool:
        """Whether this address, or all together, tried too many wrong passwords within the last minute."""
        while self._wrong and self._wrong[0][0] < self._clock() - 60:
            self._wrong.popleft()
        tries = sum(address == client for _, address in self._wrong)
        return tries >= MOST_WRONG_LOGINS or len(self._wrong) >= MOST_WRONG_OF_ALL

    def enter(self, user: str, password: str, client: str) -> str | None:
        """A new session, or None when user or password is wrong or the address is blocked."""
        if self.is_blocked(client):
            return None
        is_user = hmac.compare_digest(user.encode(), self._user.encode())
        is_password = hmac.compare_digest(password.encode(), self._password.encode())
        if is_user and is_password:
            return self._new_session()
        self._wrong.append((self._clock(), client))
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


def session_answer(request: Request, session: str) -> Response:
    """Gives the browser its session, or takes it away when it is "", and leads it to the page."""
    # A page of its own instead of a redirect: with SameSite=Strict a browser that follows a link from
    # elsewhere would not send the new cookie on the redirected request.
    page = '<!doctype html><meta http-equiv="refresh" content="0; url=./"><title>Rareword</title>'
    answer = HTMLResponse(page, headers=NO_STORE)
    answer.set_cookie(
        COOKIE, session, max_age=None if session else 0, httponly=True, samesite="strict",
        secure=request.headers.get("x-forwarded-proto") == "https",
    )  # fmt: skip
    return answer


_STYLE = """
:root{color-scheme:light dark;--ink:#1b1c1a;--soft:#55564f;--line:#d3d3cc;--page:#f4f4f1;--card:#fff;
--accent:#1d776c}
@media(prefers-color-scheme:dark){:root{--ink:#f4f4f1;--soft:#a2a39b;--line:#3f403b;--page:#121311;
--card:#1b1c1a;--accent:#2a9485}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--page);
color:var(--ink);font:16px/1.5 system-ui,"Noto Sans JP","Yu Gothic UI",sans-serif}
form{width:min(23rem,100%);display:grid;gap:1rem;padding:2rem;background:var(--card);
border:1px solid var(--line);border-radius:14px}
h1{font-size:1.4rem;margin:0}p{margin:0;color:var(--soft);font-size:.9rem}
[role=alert]{color:#b42318;font-weight:600}
@media(prefers-color-scheme:dark){[role=alert]{color:#ff9b8f}}
label{display:grid;gap:.3rem;font-size:.9rem}
input{font:inherit;padding:.55rem .7rem;border:1px solid var(--line);border-radius:8px;
background:var(--page);color:inherit;width:100%}
button{font:inherit;font-weight:600;padding:.65rem;border:0;border-radius:8px;
background:var(--accent);color:#fff;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
"""


def login_page(message: str, lang: Lang) -> str:
    """The page that asks for user and password; message: what was wrong at the last try, or ""."""

    def word(key: str) -> str:
        return html.escape(say(key, lang))

    said = f"<p role=alert>{html.escape(message)}</p>" if message else ""
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{word("login.title")}</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style><main>"
        f'<form method="post" action="login"><h1>Rareword</h1><p>{word("login.lead")}</p>{said}'
        f'<label>{word("login.user")}<input name="user" autocomplete="username" required autofocus></label>'
        f'<label>{word("login.password")}<input name="password" type="password" required '
        f'autocomplete="current-password"></label>'
        f"<button>{word('login.enter')}</button></form></main></html>"
    )
