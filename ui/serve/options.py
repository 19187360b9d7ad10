"""Options about who may come in, and from where: read, checked, refused in a sentence."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from core.errors import UserError
from ui.serve import messages
from ui.serve.login import Login
from ui.serve.server import Proxy

USER = "rareword"
"""Of a login that is made up here."""

VARIABLE = "RAREWORD_AUTH"
STOP = "stop"
"""What --when-idle says for the end of the program."""

SHORTEST = 4
"""Characters of a password that a user chooses."""

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.IGNORECASE)
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_LARGEST_FILE = 4096


def given_auth(auth: str | None, file: str | None) -> str | None:
    """USER:PASSWORD from wherever it was given; None where it was not. Raises UserError.

    The variable is taken away, so that no program that is started from here gets it.
    """
    variable = os.environ.pop(VARIABLE, None)
    given = [auth is not None, file is not None, variable is not None]
    if sum(given) > 1:
        raise UserError(messages.LOGIN_TWICE(variable=VARIABLE))
    return _first_line(Path(file)) if file is not None else auth if auth is not None else variable


def _first_line(file: Path) -> str:
    try:
        with file.expanduser().open("rb") as opened:
            text = opened.read(_LARGEST_FILE).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "UTF-8"
        raise UserError(messages.LOGIN_FILE(path=file, reason=why)) from e
    return next(iter(text.splitlines()), "")


def make_login(auth: str | None, is_open: bool) -> tuple[Login | None, str]:
    """Who may come in, and the password when it was made here. Raises UserError for a login that is none."""
    if auth is not None:
        user, colon, password = auth.partition(":")
        if not colon or not user or len(password) < SHORTEST:
            raise UserError(messages.LOGIN_FORM(variable=VARIABLE, least=SHORTEST))
        return Login(user, password), ""
    if not is_open:
        return None, ""
    made = secrets.token_urlsafe(12)
    return Login(USER, made), made


def proxy_of(host_names: Sequence[str], root_path: str) -> Proxy:
    """What is between the window and its visitors. Raises UserError for a name or a path that is none."""
    for name in host_names:
        if not _NAME.fullmatch(name) or len(name) > 253:
            raise UserError(messages.HOST_NAME(value=name[:100]))
    path = "/" + root_path.strip("/") if root_path.strip("/") else ""
    if not _PATH.fullmatch(path) or any(part in (".", "..") for part in path.split("/")):
        raise UserError(messages.ROOT_PATH(value=root_path[:100]))
    return Proxy(tuple(name.lower() for name in host_names), path)


def idle_command(text: str | None, is_open: bool) -> tuple[str, ...] | None:
    """What is done when all runs are over: a command's arguments, () for the end of the program.

    None where others can reach the page and nothing was said: then it can't be switched on there. Raises
    UserError for a command that is none, or whose program is not on this computer.
    """
    if text is None:
        return None if is_open else ()
    if text.strip() == STOP:
        return ()
    try:
        # Backslashes are part of Windows' paths; quotes around a path are taken off there too.
        command = shlex.split(text, posix=os.name != "nt")
    except ValueError:
        command = []
    command = [part.strip('"') if os.name == "nt" else part for part in command]
    if not command or shutil.which(command[0]) is None:
        raise UserError(messages.NO_COMMAND(value=text[:200]))
    return tuple(command)
