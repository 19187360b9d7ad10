"""What is sent to the window: kinds, amounts, and sending that is broken off."""

from __future__ import annotations

import asyncio
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ui.asking import HOST, ask
from tests.ui.fake import make_window
from ui.serve import asgi, uploads
from ui.serve.server import gated, mounted
from ui.serve.uploads import Room, Uploads

UPLOAD = "/gradio_api/upload"
USAGE = namedtuple("USAGE", "total used free")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page with its gates but the first, its window, and the folder of uploads."""
    folder = tmp_path_factory.mktemp("uploads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "sent"))
        window = make_window(folder)
        yield gated(mounted(window), window), window, folder / "sent"


def sent(app: Any, *files: tuple[str, bytes], **headers: str) -> httpx.Response:
    return ask(app, "POST", UPLOAD, {"host": HOST, **headers}, files=[("files", file) for file in files])


def test_what_the_page_has_a_use_for_is_kept_under_its_bare_name(place):
    app, window, folder = place
    window.draft.keep({"dataset.caption_extension": ".prompt"})
    names = ("a.png", "b.JPG", "c.webp", "d.txt", "e.caption", "f.zip", "g.toml", "h.safetensors", "i.prompt")
    answer = sent(app, *((name, name.encode()) for name in names))
    assert answer.status_code == 200
    for name, path in zip(names, answer.json(), strict=True):
        assert Path(path).name == name and Path(path).read_text() == name
        assert Path(path).is_relative_to(folder)


@pytest.mark.parametrize(
    "name", ["x.html", "x.svg", "x.py", "x.png.html", "x.js", "x", ".bashrc", "x.exe", "x.xhtml", "x.htm "]
)
def test_of_other_kinds_only_the_name_is_kept(place, name):
    app, _, folder = place
    (path,) = sent(app, (name, b"<script>alert(1)</script>")).json()
    assert Path(path).is_relative_to(folder) and Path(path).read_bytes() == b""


@pytest.mark.parametrize(
    "name", ["../../x.png", "/etc/x.png", "..\\..\\x.png", "C:\\x.png", "a/../../x.png", "%2e%2e/x.png"]
)
def test_a_name_with_a_path_in_it_writes_nothing_outside(place, name):
    app, _, folder = place
    before = {path for path in folder.parent.rglob("*") if not path.is_relative_to(folder)}
    answer = sent(app, (name, b"an image"))
    if answer.status_code == 200:
        assert Path(answer.json()[0]).resolve().parent.parent == folder.resolve()
    assert {path for path in folder.parent.rglob("*") if not path.is_relative_to(folder)} == before


# Amounts, with an application that only pretends to take files.


class Taker:
    """Writes what comes into one file of the folder, as Gradio does before it knows its name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.came = folder, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        half = self.folder / "tmp0a"
        half.write_bytes(b"")
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError
            self.came += len(message["body"])
            half.write_bytes(bytes(self.came))
            if not message.get("more_body"):
                break
        half.rename(self.folder / "0f" / "x.png")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"[]"})


@pytest.fixture
def small(tmp_path: Path) -> tuple[Uploads, Taker]:
    """Room for 1,000 bytes, of which 600 are used."""
    (tmp_path / "0f").mkdir()
    (tmp_path / "0f" / "before.png").write_bytes(bytes(600))
    taker = Taker(tmp_path)
    return Uploads(taker, tmp_path, lambda: (".png",), Room(all=1000, spare=0)), taker


async def in_pieces(n: int) -> Any:
    for _ in range(n):
        yield bytes(100)


def test_more_than_there_is_room_for_is_refused_before_it_is_sent(small):
    app, taker = small
    assert ask(app, "POST", UPLOAD, content=bytes(400)).status_code == 200
    refused = ask(app, "POST", UPLOAD, content=bytes(401))
    assert refused.status_code == 413 and "more can be sent" in refused.json()["error"]
    assert taker.came == 400


def test_two_that_come_at_once_share_the_room(small):
    app, taker = small

    async def run() -> list[int]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"http://{HOST}"
        ) as client:
            answers = await asyncio.gather(*(client.post(UPLOAD, content=bytes(300)) for _ in range(2)))
        return sorted(answer.status_code for answer in answers)

    async def slowly(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.2)
        await taker(scope, receive, send)

    app._app = slowly
    assert asyncio.run(run()) == [200, 413]


def test_a_disk_that_fills_meanwhile_ends_an_upload(small, monkeypatch):
    app, taker = small
    monkeypatch.setattr(uploads, "_BETWEEN_LOOKS", 150)
    free = [10_000, 10_000, -1]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: USAGE(0, 0, free.pop(0)))
    assert ask(app, "POST", UPLOAD, content=in_pieces(4)).status_code == 413
    assert taker.came == 300  # looked at after 200 and after 400 bytes


def test_what_does_not_say_how_long_it_is_stops_where_the_room_ends(small):
    app, taker = small
    refused = ask(app, "POST", UPLOAD, content=in_pieces(1000))
    assert refused.status_code == 413 and taker.came == 400
    assert sorted(path.name for path in taker.folder.rglob("*")) == ["0f", "before.png"]


def test_a_disk_that_is_nearly_full_takes_no_uploads(tmp_path, monkeypatch):
    app = Uploads(Taker(tmp_path), tmp_path / "not made yet", lambda: (), Room(all=10_000, spare=1000))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: USAGE(10_000, 8900, 1100))
    japanese = {"host": HOST, "accept-language": "ja"}
    refused = ask(app, "POST", UPLOAD, japanese, content=bytes(101))
    assert refused.status_code == 413 and "空き容量" in refused.json()["error"]


def test_a_file_that_was_broken_off_leaves_nothing(small, monkeypatch):
    app, taker = small
    monkeypatch.setattr(asgi, "PATIENCE", 0.01)

    async def stalls() -> Any:
        yield bytes(100)
        await asyncio.sleep(30)

    with pytest.raises(ConnectionError):
        ask(app, "POST", UPLOAD, content=stalls())
    assert sorted(path.name for path in taker.folder.rglob("*")) == ["0f", "before.png"]


def test_gradio_itself_leaves_no_half_of_a_file_either(place, monkeypatch):
    app, _, folder = place
    monkeypatch.setattr(asgi, "PATIENCE", 0.01)
    before = sorted(folder.rglob("*"))

    async def stalls() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + bytes(5000)
        await asyncio.sleep(30)

    headers = {"host": HOST, "content-type": "multipart/form-data; boundary=x"}
    with pytest.raises(Exception):  # noqa: B017  whatever Gradio makes of it
        ask(app, "POST", UPLOAD, headers, content=stalls())
    assert sorted(folder.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # Gradio's
def test_ten_thousand_files_at_once_are_refused(place):
    app, _, folder = place
    answer = sent(app, *[(f"{n}.png", b"") for n in range(1001)])
    assert answer.status_code == 400
    assert not [path for path in folder.glob("*") if path.is_file()]


def test_json_of_thirty_megabytes_is_refused(place):
    app, _, _ = place
    body = b'{"data": ["' + bytes(30 << 20).replace(b"\0", b"x") + b'"]}'
    answer = ask(app, "POST", "/gradio_api/run/predict", content=body)
    assert answer.status_code == 413 and "too large" in answer.json()["error"]
