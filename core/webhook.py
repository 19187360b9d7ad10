"""Sends word of a run's end to an address of the user's: Discord, Slack, ntfy, or a program of their own."""

from __future__ import annotations

import atexit
import contextlib
import http.client
import ipaddress
import json
import logging
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message as Headers
from pathlib import Path
from typing import IO, Any
from urllib.parse import SplitResult, urlsplit

from core import messages
from core.catalog import Words
from core.errors import EXIT_DONE, Lang, Problem, UserError
from core.events import Event, RunEnded
from core.files import write_private

VARIABLE = "RAREWORD_WEBHOOK"
"""Environment variable with the address, which is a secret: no run file, log or list of processes has it."""

LONGEST = 2000
"""Characters of an address."""
TIMEOUT = 15.0
"""Seconds for one try."""
BRIEFLY = 1.0
"""Seconds that the end of a run waits for its word to be sent."""
PAUSES = (0.0, 5.0, 30.0)
"""Seconds before each try."""

TEST = Words(
    "This is a test. The end of each run will be reported here.",
    "テスト送信です。学習が終わるたびにここへ通知します。",
)

_log = logging.getLogger(__name__)

Post = Callable[[str, bytes], None]
"""Sends a body of JSON to an address. Raises OSError."""


class Address:
    """The address that was given on the page, in a file of its own that this user alone can read.

    One in the environment goes before it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> str:
        """The address in use, "" for none."""
        if url := from_environment():
            return url
        try:
            return checked(self._path.read_text("utf-8", "replace")[: LONGEST + 1])
        except (OSError, UserError):
            return ""

    def keep(self, url: str) -> None:
        """Use this one from now on. Raises UserError."""
        plain = checked(url)
        if (problem := refusal(plain)) is not None:
            raise UserError(problem)
        with self._writing():
            write_private(self._path, plain)

    def remove(self) -> None:
        """Forget it. Raises UserError."""
        with self._writing():
            self._path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise UserError(messages.WEBHOOK_UNWRITTEN(path=self._path, reason=reason)) from error


def send_test(url: str, lang: Lang) -> None:
    """Send a word at once, to see that it arrives. Raises UserError."""
    end = RunEnded("done", EXIT_DONE, 0, *TEST[:2], zh=TEST.of("zh"))
    body = json.dumps(payload(url, "test", end, lang), ensure_ascii=False).encode()
    try:
        _post(url, body)
    except OSError as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise UserError(messages.WEBHOOK_UNSENT(host=host(url), reason=str(reason))) from error


class WebHook:
    """A sink that sends the last event, on a thread of its own: no run waits for a network."""

    name = "webhook"

    def __init__(self, url: str, run: str, lang: Lang = "en", post: Post | None = None) -> None:
        """url: as `checked` gave it. run: the output name."""
        self._url, self._run, self._lang = url, run, lang
        self._post = post or _post
        self._worker: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunEnded):
            body = json.dumps(payload(self._url, self._run, event, self._lang), ensure_ascii=False)
            self._worker = threading.Thread(
                target=self._send, args=(body.encode(),), name="rareword-webhook", daemon=True
            )
            self._worker.start()
            atexit.register(self._worker.join, TIMEOUT)

    def _send(self, body: bytes) -> None:
        for pause in PAUSES:
            time.sleep(pause)
            try:
                self._post(self._url, body)
                return
            except OSError as e:
                # The address is a secret, and the library's text may hold it.
                _log.warning("no word of the run's end reached %s: %s", host(self._url), type(e).__name__)

    def close(self) -> None:
        """The run may end now: its lock is not held for a slow network.

        The end of the program waits for a word that was not sent by then, no longer than one try.
        """
        if self._worker is not None:
            self._worker.join(BRIEFLY)


def payload(url: str, run: str, event: RunEnded, lang: Lang) -> dict[str, Any]:
    """What is sent. Discord and Slack take a text under their own name for it, others get the facts too."""
    text = f"Rareword · {run} · {event.of(lang)}"
    if _is_of(url, "discord.com", "discordapp.com"):
        return {"content": text[:2000], "allowed_mentions": {"parse": []}}
    if _is_of(url, "slack.com"):
        return {"text": text}
    facts = {"event": event.name, "run": run, "status": event.status, "exit_code": event.exit_code}
    return {"text": text, **facts, "step": event.step, "time": event.time}


def checked(url: str) -> str:
    """The address without blanks around it. Raises UserError where it is none of http or https.

    Also for signs that the library would send otherwise than they stand there, or refuse with an error that
    holds the address.
    """
    url = url.strip()
    if len(url) > LONGEST or (parts := _split(url)) is None:
        raise UserError(messages.WEBHOOK())
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if not is_plain or {"@", "%"} & {*parts.netloc}:
        raise UserError(messages.WEBHOOK_SIGNS())
    return url


def from_environment() -> str:
    """The address that the environment names, "" for none or one that is no address."""
    try:
        return checked(url) if (url := os.environ.get(VARIABLE, "")) else ""
    except UserError as e:
        _log.warning("%s: %s", VARIABLE, e.problems[0].en)
        return ""


def refusal(url: str) -> Problem | None:
    """Why an address given on a page is not used: it must be https, and of no computer of the inner network.

    Whoever reaches the page from outside could have this computer ask others that they do not reach.
    """
    parts = _split(url)
    if parts is None or parts.scheme != "https":
        return messages.WEBHOOK_HTTPS()
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return messages.WEBHOOK_HOST(host=parts.hostname)
    if not all(ipaddress.ip_address(str(place[4][0]).split("%")[0]).is_global for place in found):
        return messages.WEBHOOK_INNER(host=parts.hostname)
    return None


def host(url: str) -> str:
    """The part of an address that is no secret."""
    parts = _split(url)
    return (parts.hostname or "") if parts else ""


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    return parts if is_address else None


def _is_of(url: str, *names: str) -> bool:
    return any(host(url) == name or host(url).endswith(f".{name}") for name in names)


class _Stay(urllib.request.HTTPRedirectHandler):
    """An answer that leads elsewhere is none: what was checked is the address that was given."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Headers, newurl: str
    ) -> None:
        return None


def _post(url: str, body: bytes) -> None:
    headers = {"content-type": "application/json", "user-agent": "Rareword"}
    try:
        request = urllib.request.Request(url, body, headers, method="POST")
        with urllib.request.build_opener(_Stay).open(request, timeout=TIMEOUT) as answer:
            answer.read(1)
    except (http.client.HTTPException, ValueError) as e:
        # Their text may hold the address.
        raise urllib.error.URLError(type(e).__name__) from None
