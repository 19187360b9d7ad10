"""The routes that the page needs; all others that Gradio has are closed, also those that a later one adds."""

from __future__ import annotations

from ui.parts.images import PREFIX as IMAGES
from ui.run.polling import PREFIX as LIVE
from ui.window.results import PREFIX as RESULTS

API = "/gradio_api"
UPLOAD = f"{API}/upload"
FILE = f"{API}/file="
SEND = "/send"
"""Takes files piece by piece."""
LOG_OUT = "/logout"
BROWSE = "/browse"

_READ = frozenset(
    {
        *("/", "/config", "/theme.css", "/favicon.ico", "/robots.txt", f"/{LIVE}", f"/{LIVE}/log", BROWSE),
        *(f"{API}/{name}" for name in ("app_id", "info", "queue/data", "startup-events", "upload_progress")),
    }
)
_READ_BELOW = ("/assets/", "/static/", f"/{RESULTS}/", f"/{IMAGES}/", FILE, f"{API}/heartbeat/")
CALLS = frozenset({f"{API}/queue/join", f"{API}/run/predict"})
"""Ask a handler."""
_WRITE = frozenset({UPLOAD, SEND, *CALLS, f"{API}/cancel", f"{API}/reset"})
# Gradio fetches these for whoever asks, and would answer with what another machine says.
_ADDRESSES = tuple(f"{FILE}{start}" for start in ("http", "/http", "\\"))


def is_open(method: str, path: str) -> bool:
    """Whether the page needs this route."""
    if method == "POST":
        return path in _WRITE
    if method not in ("GET", "HEAD") or path.lower().startswith(_ADDRESSES):
        return False
    return path in _READ or path.startswith(_READ_BELOW)
