"""Nobody who may use the window reads a file of its owner by naming it as if it had been sent here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ui.asking import HOST, ask
from tests.ui.fake import make_window
from ui.serve.access import Guard
from ui.serve.login import COOKIE, Login
from ui.serve.server import gated, mounted

CANARY = b"CANARY-of-the-owner-7d1f"
META = {"_type": "gradio.FileData"}
ABROAD = "192.168.1.5:7860"


@dataclass
class Place:
    """A window with one image that was sent to it, and files of its owner beside it."""

    mounted: Any
    guards: dict[str, tuple[Guard, dict[str, str]]]
    uploads: Path
    image: str
    secret: str
    link: str
    events: list[tuple[int, int, int]]
    """Of handlers that take files: number, place of the file among the inputs, and how many these are."""

    def texts(self) -> list[bytes]:
        return [
            file.read_bytes() for file in self.uploads.rglob("*") if file.is_file() and not file.is_symlink()
        ]


def taking_files(config: dict[str, Any]) -> list[tuple[int, int, int]]:
    files = {c["id"] for c in config["components"] if c["type"] in ("file", "uploadbutton")}
    return [
        (d["id"], d["inputs"].index(file), len(d["inputs"]))
        for d in config["dependencies"]
        for file in files.intersection(d["inputs"])
    ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("theft")
    uploads = folder / "cache" / "uploads"
    (uploads / "0a1b").mkdir(parents=True)
    image, secret, link = (
        uploads / "0a1b" / "frog.png",
        folder / "secret.png",
        uploads / "0a1b" / "link.png",
    )
    image.write_bytes(b"an image that was sent")
    secret.write_bytes(CANARY)
    link.symlink_to(secret)
    (uploads / "0a1b" / "linked").symlink_to(folder, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(uploads))
        window = make_window(folder)
        inner = mounted(window)
        inside, login = gated(inner, window), Login("me", "right password")
        entered = {"cookie": f"{COOKIE}={login.enter('me', 'right password', 'x')}"}
        guards = {
            "plain": (Guard(inside, {"127.0.0.1"}), {"host": HOST}),
            "login": (Guard(inside, {"127.0.0.1"}, login), {"host": HOST, **entered}),
            "listening": (Guard(inside, {"me.local"}, login, True), {"host": ABROAD, **entered}),
        }
        events = taking_files(ask(inner, "GET", "/config").json())
        yield Place(inner, guards, uploads, str(image), str(secret), str(link), events)


def file(path: Any, **more: Any) -> dict[str, Any]:
    return {"path": path, "meta": META, **more}


def foreign(place: Place) -> dict[str, Any]:
    """Values that stand for a file which was not sent, each in another disguise."""
    uploads, secret, image = place.uploads, place.secret, place.image
    up = os.path.relpath(secret, uploads)
    return {
        "absolute": file(secret),
        "system file": file("/etc/passwd"),
        "relative to the program": file(os.path.relpath(secret)),
        "upwards from the uploads": file(f"{uploads}/{up}"),
        "upwards from a file that was sent": file(f"{image}/../../{up}"),
        "doubled slashes": file(f"//{secret}"),
        "a link": file(place.link),
        "below a linked folder": file(f"{uploads}/0a1b/linked/secret.png"),
        "file://": file(f"file://{secret}"),
        "file:// of an image": file(f"file://{image}"),
        "percent": file(f"{uploads}/%2e%2e/%2e%2e/secret.png"),
        "percent twice": file(f"{uploads}/%252e%252e/%252e%252e/secret.png"),
        "full-width dots": file(f"{uploads}/．．/．．/secret.png"),
        "backslashes": file(f"{uploads}\\..\\..\\secret.png"),
        "a network share": file("\\\\10.0.0.1\\share\\x.png"),
        "a zero byte": file(f"{secret}\0.png"),
        "a zero byte in a sent one": file(f"{image}\0{secret}"),
        "the home folder": file("~/secret.png"),
        "a device": file("/dev/stdin"),
        "the environment": file("/proc/self/environ"),
        "the folder itself": file(str(uploads)),
        "a folder beside with the same beginning": file(f"{uploads}-2/secret.png"),
        "one that is gone": file(f"{uploads}/0a1b/none.png"),
        "nothing": file(""),
        "null": file(None),
        "a list as path": file([secret]),
        "an object as path": file({"path": image}),
        "loopback": file("http://127.0.0.1:7860/config"),
        "metadata of a cloud": file("http://169.254.169.254/latest/meta-data/"),
        "elsewhere": file("https://example.com/x.png"),
        "address of loopback beside it": file(image, url="http://127.0.0.1:80/x"),
        "address of the cloud beside it": file(image, url="http://169.254.169.254/gradio_api/file=x"),
        "address of a proxy beside it": file(image, url=f"/gradio_api/proxy={secret}"),
        "address that is none": file(image, url=["x"]),
        "without meta": {"path": secret},
        "with orig_name": file(secret, orig_name="frog.png", size=3, mime_type="image/png"),
        "in a list": [file(image), file(secret)],
        "in lists of lists": [[[file(secret)]]],
        "of a gallery": [{"image": file(secret), "caption": "x"}],
        "of a video": {"video": file(secret), "subtitles": None},
        "of a message with files": {"text": "", "files": [file(secret)]},
        "of an editor": {"background": None, "layers": [file(secret)], "composite": None},
        "as a stream": file(secret, is_stream=True),
        "deep": json.loads('{"a":[' * 150 + json.dumps(file(secret)) + "]}" * 150),
    }


def raw_bodies(place: Place) -> dict[str, bytes]:
    """The same by tricks of JSON itself."""
    secret, image = json.dumps(place.secret), json.dumps(place.image)
    meta = json.dumps(META)
    whole = f'{{"data": [{{"path": {secret}, "meta": {meta}}}], "fn_index": 1, "session_hash": "x"}}'
    return {
        "named twice": f'{{"data": [{{"path": {secret}, "path": {image}, "meta": {meta}}}]}}'.encode(),
        "named twice, the other way": f'{{"data": [{{"path": {image}, "path": {secret}}}]}}'.encode(),
        "an escaped name": whole.replace('"path"', '"p\\u0061th"').encode(),
        "UTF-16": whole.encode("utf-16"),
        "a byte order mark": whole.encode("utf-8-sig"),
        "beside the data": f'{{"data": [], "event_data": {{"path": {secret}}}}}'.encode(),
        "at the top": f'{{"path": {secret}, "meta": {meta}}}'.encode(),
        "no JSON": whole.encode()[:-1],
        "too deep to be read": b"[" * 200_000,
    }


WRITING = ("queue/join", "run/predict", "cancel", "reset")
CLOSED = (
    *("call/x", "call/v2/x", "api/predict", "run/x", "run/predict/", "queue/join/", "component_server"),
    *("stream/x", "stream/x/close", "process_recording", "vibe-edit", "run-history/connect"),
)


@pytest.mark.parametrize("setting", ["plain", "login", "listening"])
def test_a_file_that_was_not_sent_here_is_refused_in_every_disguise(place, setting):
    guard, headers = place.guards[setting]
    let_through = []
    for name, value in foreign(place).items():
        body = {"data": [value], "fn_index": place.events[0][0], "session_hash": "x"}
        for route in WRITING:
            answer = ask(guard, "POST", f"/gradio_api/{route}", headers, json=body)
            if answer.status_code != 403 or "sent to this window" not in answer.json()["error"]:
                let_through.append((name, route, answer.status_code))
        for route in CLOSED:
            if ask(guard, "POST", f"/gradio_api/{route}", headers, json=body).status_code != 404:
                let_through.append((name, route))
    assert let_through == []
    assert not [text for text in place.texts() if CANARY in text]


@pytest.mark.parametrize("setting", ["plain", "login", "listening"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_tricks_of_json_hide_no_file(place, setting, kind):
    guard, headers = place.guards[setting]
    for name, body in raw_bodies(place).items():
        for route in WRITING:
            answer = ask(
                guard, "POST", f"/gradio_api/{route}", {**headers, "content-type": kind}, content=body
            )
            assert answer.status_code in (400, 403), (name, route)


def test_gradios_own_check_refuses_it_too(place):
    """The second lock: without the first one, by the handlers that take files."""
    assert place.events
    names = ["absolute", "system file", "relative to the program", "upwards from the uploads", "a device"]
    for event, at, inputs in place.events:
        for value in (foreign(place)[name] for name in names):
            for given in (value, [value]):
                data = [*[None] * at, given, *[None] * (inputs - at - 1)]
                body = {"data": data, "fn_index": event, "session_hash": "x"}
                answer = ask(place.mounted, "POST", "/gradio_api/run/predict", json=body)
                assert answer.status_code != 200
    assert not [text for text in place.texts() if CANARY in text]


@pytest.mark.parametrize("setting", ["plain", "login", "listening"])
def test_a_file_that_was_sent_here_may_be_named(place, setting):
    guard, headers = place.guards[setting]
    host = headers["host"]
    for url in (None, f"http://{host}/gradio_api/file={place.image}", f"/gradio_api/file={place.image}"):
        body = {"data": [file(place.image, url=url)], "session_hash": "x"}
        assert ask(guard, "POST", "/gradio_api/reset", headers, json=body).status_code not in (400, 403)


@pytest.mark.parametrize("setting", ["plain", "login", "listening"])
def test_no_file_but_what_was_sent_can_be_fetched(place, setting):
    guard, headers = place.guards[setting]
    got = []
    for name, value in foreign(place).items():
        path = value.get("path") if isinstance(value, dict) else None
        if not isinstance(path, str) or path == place.image or "\0" in path:
            continue
        for route in (
            "/gradio_api/file=",
            "/gradio_api/file/",
            "/gradio_api/proxy=",
            "/images/",
            "/results/",
        ):
            answer = ask(guard, "GET", route + path, headers)
            if answer.status_code == 200 or CANARY in answer.content:
                got.append((name, route))
    assert got == []


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xhtml", "x.png", "x.txt", "x.js"])
def test_what_was_sent_is_saved_by_a_browser_and_never_shown(place, name):
    guard, headers = place.guards["login"]
    sent = place.uploads / "0a1b" / name
    sent.write_text("<script>alert(1)</script>", encoding="utf-8")
    # Also when a page has named it as the image of a button, which Gradio takes for a file of the program.
    body = {"data": [file(str(sent))], "fn_index": place.events[0][0], "session_hash": "x"}
    ask(guard, "POST", "/gradio_api/run/predict", headers, json=body)
    for more in ({}, {"range": "bytes=0-5"}):
        answer = ask(guard, "GET", f"/gradio_api/file={sent}", {**headers, **more})
        assert answer.status_code in (200, 206)
        assert answer.headers.get_list("content-disposition") == ["attachment"]
        assert answer.headers.get_list("content-type") == ["application/octet-stream"]
        assert answer.headers["x-content-type-options"] == "nosniff"
