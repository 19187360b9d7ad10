"""What a browser gets when it opens the page, and once a second after that: raw requests, no browser."""

from __future__ import annotations

import json
import re
import socket
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.ui.asking import ask
from ui.app import App
from ui.serve.access import Guard
from ui.serve.server import gated, listening_socket, mounted

HOST = "127.0.0.1:7860"


@pytest.fixture(scope="module")
def shared_served(shared_app: App) -> Any:
    return Guard(gated(mounted(shared_app._window), shared_app._window), {"127.0.0.1"})


@pytest.fixture
def served(shared_served: Any, window: Any) -> Any:
    """The application of a window that is as new."""
    return shared_served


def get(served: Any, path: str, **headers: str) -> httpx.Response:
    return ask(served, "GET", path, {"host": HOST, **headers})


def config(served: Any, **headers: str) -> dict[str, Any]:
    """The components as a browser is sent them: {element: properties}."""
    text = get(served, "/", **headers).text
    found = re.search(r"window\.gradio_config = (\{.*?\});\s*</script>", text, re.DOTALL)
    assert found is not None
    components = json.loads(found.group(1))["components"]
    return {c["props"]["elem_id"]: c["props"] for c in components if c["props"].get("elem_id")}


def opened(app: App, built: str, language: str = "en", cookie: str = "") -> dict[Any, Any]:
    """What a page with this mark is answered when it was just opened."""
    cookies = {"rareword_lang": cookie} if cookie else {}
    request = SimpleNamespace(headers={"accept-language": language}, cookies=cookies)
    answered = app.load(built, None, request)
    return {} if "__type__" in answered else answered


def mark(app: App) -> str:
    return str(app.built.value)


def test_the_page_is_sent_with_the_settings_as_they_stand(served, window):
    assert config(served)["opt-network-rank"]["value"] == "16"
    window.draft.keep({"network.rank": 5})
    assert config(served)["opt-network-rank"]["value"] == "5"


def test_the_page_is_sent_in_the_language_of_who_asks(served):
    asked = {"accept-language": "ja"}
    assert config(served, **asked)["tab-dataset"]["label"] == "データセット"
    assert config(served)["tab-dataset"]["label"] == "Dataset"
    chosen = {**asked, "cookie": "rareword_lang=en"}
    assert config(served, **chosen)["tab-dataset"]["label"] == "Dataset"


def test_a_page_that_shows_everything_is_sent_nothing_more(app):
    app.prepare("en")
    assert opened(app, mark(app)) == {}


def test_a_page_of_another_language_or_from_before_a_change_asks_again_and_gets_everything(app, window):
    app.prepare("en")
    before = mark(app)
    assert app.built in opened(app, before, language="ja")
    window.draft.keep({"network.rank": 5})
    assert app.built in opened(app, before)
    everything = app.renew(SimpleNamespace(headers={"accept-language": "en"}, cookies={}))
    assert everything[app.form.components["network.rank"]]["value"] == "5" and everything[app.built] == ""


@pytest.mark.parametrize("built", ["", "no mark", '<i data-built="99999"></i>'])
def test_a_page_whose_mark_is_not_known_gets_everything(app, built):
    app.prepare("en")
    assert app.built in opened(app, built)


def test_pages_of_two_languages_that_are_opened_in_turn_are_both_right(app):
    app.prepare("en")
    english = mark(app)
    app.prepare("ja")
    assert opened(app, english) == {} and opened(app, mark(app), language="ja") == {}


def test_the_run_is_told_in_the_language_asked_for(served):
    parts = get(served, "/live?lang=ja").json()["parts"]
    assert "準備完了" in parts["head"][1]
    assert "Ready" in get(served, "/live?lang=xx").json()["parts"]["head"][1]


def test_a_part_that_the_page_has_is_not_sent_again(served):
    parts = get(served, "/live?lang=en").json()["parts"]
    known = "&".join(f"{name}={word}" for name, (word, _) in parts.items())
    assert get(served, f"/live?lang=en&{known}").json()["parts"] == {}


@pytest.mark.parametrize("columns", ["-1", "x", "1e9", "999999999999", "٣", ""])
def test_a_number_of_columns_that_is_none_is_passed_over(served, columns):
    assert get(served, f"/live?lang=en&columns={columns}").status_code == 200


def test_the_log_is_saved_as_a_file(served):
    answered = get(served, "/live/log?lang=en")
    assert answered.headers["content-disposition"] == "attachment; filename=log.txt"


@pytest.mark.parametrize("path", ["/", "/live?lang=en"])
def test_the_page_and_what_it_asks_for_come_packed_to_whom_can_unpack_it(served, path):
    plain, packed = (get(served, path, **{"accept-encoding": ways}) for ways in ("identity", "gzip, br"))
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content)
    assert len(packed.text) == len(plain.text)


def an_asset(served: Any) -> str:
    found = re.search(r'src="\.?(/assets/[^"]+\.js)"', get(served, "/").text)
    assert found is not None
    return found.group(1)


def test_a_program_file_is_the_same_the_second_time_and_need_not_be_asked_for_again(served):
    path, packed = an_asset(served), {"accept-encoding": "gzip, br"}
    first, second = (get(served, path, **packed) for _ in range(2))
    assert first.status_code == 200 and len(first.content) > 1000
    assert second.content == first.content and second.headers == first.headers
    assert "immutable" in second.headers["cache-control"]
    assert get(served, path).content == first.content


def test_a_program_file_that_is_missing_is_so_the_second_time_too(served):
    for _ in range(2):
        assert get(served, "/assets/none.js", **{"accept-encoding": "br"}).status_code == 404


def test_each_part_of_an_answer_is_sent_at_once():
    with listening_socket("127.0.0.1", 0) as listening:
        client = socket.create_connection(listening.getsockname())
        accepted, _ = listening.accept()
        # asyncio turns Nagle's algorithm off for sockets that say of themselves that they are TCP.
        assert accepted.proto == socket.IPPROTO_TCP
        accepted.close()
        client.close()


def test_the_page_answers_beside_hundreds_of_connections_that_say_no_more(stage):
    place = (urlsplit(stage.url).hostname, urlsplit(stage.url).port)
    slow = [socket.create_connection(place) for _ in range(200)]
    try:
        for one in slow:
            one.sendall(b"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n")
        assert httpx.get(f"{stage.url}/", timeout=30).status_code == 200
    finally:
        for one in slow:
            one.close()
