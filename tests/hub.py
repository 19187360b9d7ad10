"""A Hugging Face Hub on this computer, with the few answers that fetching a model needs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import huggingface_hub.constants

COMMIT = "c0ffee" + "0" * 34


class Hub:
    """Serves folders as models. asked: the paths of all requests. gated: names that need an agreement."""

    def __init__(self, models: dict[str, Path]) -> None:
        self.models = models
        self.gated: set[str] = set()
        self.asked: list[str] = []
        self.url = ""

    def files(self, name: str) -> dict[str, Path]:
        folder = self.models[name]
        return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path, as the real one's programming interface gives them."""
        words = unquote(urlsplit(path).path).strip("/").split("/")
        self.asked.append("/".join(words))
        is_api = words[:2] == ["api", "models"]
        name, rest = ("/".join(words[2:4]), words[4:]) if is_api else ("/".join(words[:2]), words[2:])
        if name not in self.models:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        if name in self.gated:
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        files = self.files(name)
        if not is_api:
            body = files["/".join(rest[2:])].read_bytes()
            return 200, {"ETag": f'"{_blob(body)}"', "X-Repo-Commit": COMMIT}, body
        if rest[:1] == ["tree"]:
            found = [
                {"type": "file", "path": file, "size": path.stat().st_size, "oid": _blob(path.read_bytes())}
                for file, path in files.items()
            ]
            return 200, {}, json.dumps(found).encode()
        siblings = [{"rfilename": file, "size": path.stat().st_size} for file, path in files.items()]
        told = {"id": name, "sha": COMMIT, "private": False, "tags": [], "downloads": 0, "siblings": siblings}
        return 200, {"Content-Type": "application/json"}, json.dumps(told).encode()


def _blob(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


@contextlib.contextmanager
def serving(models: dict[str, Path]) -> Iterator[Hub]:
    """Have the models answered for under the returned hub's url."""
    hub = Hub(models)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = hub.answer(self.path)
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield hub
        finally:
            server.shutdown()


def use(monkeypatch, url: str, cache: Path) -> None:
    """Have the Hub's client ask there, and keep what it fetches in a folder of its own."""
    template = f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
