"""No answer is an HTTP 500 without a sentence: faults of handlers, of values, of routes."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.ui.asking import HOST, ask
from tests.ui.fake import make_window
from ui.serve.access import Guard
from ui.serve.error_answers import Net
from ui.serve.server import gated, mounted
from ui.window import Window

JAPANESE = {"host": HOST, "accept-language": "ja"}


async def fails(request: Any) -> Any:
    raise ZeroDivisionError("of a library")


async def leaves(request: Any) -> Any:
    raise ClientDisconnect


async def tells(request: Any) -> Any:
    return JSONResponse({"error": "a sentence"}, status_code=500)


@pytest.fixture
def net() -> Net:
    routes = [Route(f"/{one.__name__}", one, methods=["GET", "POST"]) for one in (fails, leaves, tells)]
    return Net(Starlette(routes=routes), Path("logs/window.log"))


def test_a_route_that_fails_answers_with_a_sentence_in_the_browsers_language(net, caplog):
    answer = ask(net, "POST", "/fails", JAPANESE)
    assert answer.status_code == 500 and "プログラム内部のエラー" in answer.json()["error"]
    assert "logs/window.log" in answer.json()["detail"] and "ZeroDivision" not in answer.text
    assert "ZeroDivisionError" in caplog.text
    english = ask(net, "GET", "/fails")
    assert english.status_code == 500 and "an internal error" in english.json()["error"]


def test_a_fault_that_is_told_already_is_passed_on(net):
    assert ask(net, "GET", "/tells").json() == {"error": "a sentence"}


def test_somebody_who_went_away_is_no_fault(net, caplog):
    with pytest.raises(AssertionError):  # of the test's transport: there is no answer
        ask(net, "GET", "/leaves")
    assert caplog.text == ""


# The whole page.


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Window, dict[str, Any]]:
    window = make_window(tmp_path_factory.mktemp("net"))
    app = gated(mounted(window), window)
    return app, window, ask(app, "GET", "/config").json()


def event_of(config: dict[str, Any], element: str, event: str = "click") -> dict[str, Any]:
    block = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == element)
    return next(d for d in config["dependencies"] if [block, event] in [t[:2] for t in d["targets"]])


def called(app: Any, event: dict[str, Any], data: list[Any], **more: Any) -> Any:
    body = {"data": data, "fn_index": event["id"], "session_hash": "x", **more}
    return ask(app, "POST", "/gradio_api/run/predict", JAPANESE, json=body)


def test_a_value_that_no_field_can_hold_is_told_in_the_pages_language(place):
    app, _, config = place
    event = event_of(config, "inspect-button")
    answer = called(app, event, [["a", "list"] for _ in event["inputs"]])
    assert answer.status_code == 500 and "の値を読み取れません" in answer.json()["error"]


def test_a_handler_that_fails_is_told_in_the_language_of_the_page_and_logged(place, monkeypatch, caplog):
    app, window, config = place
    event = event_of(config, "rw-typed")
    values = {c["id"]: c["props"].get("value") for c in config["components"]}
    monkeypatch.setattr(window.draft, "keep", lambda _, page: 1 / 0)
    with caplog.at_level(logging.ERROR):
        answer = called(app, event, [values[n] for n in event["inputs"]])
    assert answer.status_code == 500
    assert "an internal error" in answer.json()["error"]  # the page is English, whatever the browser says
    assert "ZeroDivisionError" in caplog.text and "ZeroDivisionError" not in answer.text


@pytest.mark.parametrize("values", [[], {"a": 1}, "x", None, 7, [["a list"]] * 500])
def test_too_few_values_or_ones_that_are_no_list_are_told(place, values):
    app, _, config = place
    answer = called(app, event_of(config, "inspect-button"), values)
    assert answer.status_code in (422, 500)
    assert answer.json().get("error") or answer.json()["detail"]


@pytest.mark.parametrize("route", ["run/predict", "queue/join"])
def test_a_handler_that_is_not_there_any_more_is_told_as_a_page_from_before_a_restart(place, caplog, route):
    app, _, _ = place
    body = {"data": [], "fn_index": 10**9, "session_hash": "x"}
    answer = ask(app, "POST", f"/gradio_api/{route}", JAPANESE, json=body)
    assert "再起動前に開いたページ" in answer.text and "Error" not in caplog.text


def test_too_few_values_are_told_as_those_of_a_page_from_before_a_restart(place, caplog):
    app, _, config = place
    answer = called(app, event_of(config, "inspect-button"), [])
    assert "再起動前に開いたページ" in answer.text and caplog.text == ""


@pytest.mark.parametrize(
    "strange",
    [
        *({"fn_index": value} for value in (10**9, -1, "x", None)),
        *({"trigger_id": value} for value in (10**9, "x", [1])),
        *({"session_hash": value} for value in (None, "x" * 5000, "../x", ["x"])),
        *({"event_data": value} for value in ("x", [1], {"a": {}}, 7)),
        {"batched": True},
        {"event_id": "x"},
    ],
)
@pytest.mark.parametrize("route", ["run/predict", "queue/join", "cancel", "reset"])
def test_a_strange_request_is_answered_in_words(place, route, strange):
    app, _, config = place
    event = event_of(config, "inspect-button")
    body = {"data": ["x" for _ in event["inputs"]], "fn_index": event["id"], "session_hash": "x", **strange}
    answer = ask(app, "POST", f"/gradio_api/{route}", json=body)
    assert answer.headers["content-type"].startswith("application/json")
    if answer.status_code == 500:
        assert answer.json()["error"]


def test_behind_a_proxy_with_https_the_page_knows_its_own_address(tmp_path):
    window = make_window(tmp_path)
    guard = Guard(gated(mounted(window, "/rareword"), window), {"127.0.0.1"}, root_path="/rareword")
    guard.allow_host("train.example.net")
    for headers in (
        {"host": "train.example.net"},
        {"host": HOST, "x-forwarded-host": "train.example.net"},
    ):
        answer = ask(guard, "GET", "/rareword/config", {**headers, "x-forwarded-proto": "https"})
        assert answer.json()["root"] == "https://train.example.net/rareword"


def test_a_flood_of_requests_is_refused_beyond_64_and_the_page_still_answers(place):
    """The queue stands still here: nothing of it is worked off."""
    app, _, config = place
    event = event_of(config, "inspect-button")

    async def flood() -> tuple[list[int], int]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            bodies = [
                {"data": ["x" for _ in event["inputs"]], "fn_index": event["id"], "session_hash": f"s{n}"}
                for n in range(200)
            ]
            answers = [await client.post("/gradio_api/queue/join", json=body) for body in bodies]
            return [answer.status_code for answer in answers], (await client.get("/")).status_code

    statuses, page = asyncio.run(flood())
    taken = statuses.count(200)
    assert 0 < taken <= 64 and statuses == [200] * taken + [503] * (200 - taken)
    assert page == 200


def test_the_page_raises_nothing_but_what_gradio_shows(app):
    with pytest.raises(gr.Error, match="an internal error"):
        asyncio.run(app.blocks.process_api(10**9, []))
