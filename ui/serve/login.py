"""Who may come in: the login, its sessions, and the page that asks for it."""

from __future__ import annotations

import hmac
import html
import secrets
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.errors import Lang
from ui.serve.asgi import NO_STORE
from ui.text import LANGUAGE_NAMES, say

_PAGE = Path(__file__).with_name("login.html")
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


def login_page(message: str, lang: Lang) -> str:
    """The page that asks for user and password; message: what was wrong at the last try, or ""."""
    words = {name: say(f"login.{name}", lang) for name in ("title", "lead", "user", "password", "enter")}
    escaped = {name: html.escape(text) for name, text in {**words, "message": message, "lang": lang}.items()}
    return Template(_PAGE.read_text("utf-8")).substitute(escaped, languages=_languages(lang))


def _languages(lang: Lang) -> str:
    """Links to this page in each language; the token of a link that logs in is used up, and left out."""
    return " ".join(
        f'<a href="?lang={one}" lang="{one}"{" aria-current=true" * (one == lang)}>{name}</a>'
        for one, name in LANGUAGE_NAMES.items()
    )
