"""Files sent in pieces: what breaks off goes on where it did, and no more is taken than there is room for."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

import httpx
import pytest

from tests.ui.asking import HOST, ask
from tests.ui.fake import make_window
from ui.dataset.drop_zone import sent_keys
from ui.serve.chunks import LARGEST_PIECE, Chunks
from ui.serve.uploads import Room, Uploads
from ui.window.arrivals import DAY, Arrivals, Coming


async def nothing_else(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the request was for another")


@pytest.fixture
def arrivals(tmp_path):
    return Arrivals(tmp_path / "sent")


@pytest.fixture
def taking(arrivals, tmp_path):
    uploads = Uploads(nothing_else, tmp_path / "uploads", lambda: (), Room(1000, 0), also=arrivals.folder)
    return Chunks(nothing_else, arrivals, lambda: (".png", ".txt"), uploads)


def send(app, piece=b"", offset: int | None = None, **about) -> httpx.Response:
    query = {"name": "a.png", "size": "10", "changed": "7", **about}
    if offset is not None:
        query["offset"] = str(offset)
    return ask(app, "POST", "/send", {"host": HOST}, params=query, content=piece)


def test_a_file_comes_in_pieces_and_is_whole_at_the_end(taking, arrivals):
    assert send(taking, b"01234", 0).json()["offset"] == 5
    key = send(taking).json()["key"]
    assert arrivals.path(key) is None
    assert send(taking, b"56789", 5).json() == {"offset": 10, "key": key}
    path = arrivals.path(key)
    assert path is not None and path.name == "a.png" and path.read_bytes() == b"0123456789"


def test_after_a_break_the_sender_learns_where_to_go_on(taking):
    send(taking, b"012", 0)
    assert send(taking).json()["offset"] == 3
    answer = send(taking, b"56789", 5)
    assert answer.status_code == 409 and answer.json() == {"offset": 3}
    assert send(taking, b"3456789", 3).json()["offset"] == 10


def test_the_last_piece_may_be_sent_again_when_its_answer_was_lost(taking, arrivals):
    send(taking, b"0123456789", 0)
    answer = send(taking, b"56789", 5)
    assert answer.status_code == 200 and answer.json()["offset"] == 10
    assert arrivals.path(answer.json()["key"]).read_bytes() == b"0123456789"


def test_a_file_of_the_same_name_that_was_changed_is_another(taking):
    send(taking, b"012", 0)
    assert send(taking, changed="8").json()["offset"] == 0 == send(taking, size="11").json()["offset"]


def test_more_than_a_file_said_is_not_taken(taking, arrivals):
    assert send(taking, bytes(11), 0).status_code == 409
    assert send(taking, bytes(LARGEST_PIECE + 1), 0, size=str(1 << 30)).status_code == 413
    assert not [path for path in arrivals.folder.rglob("*") if path.is_file()]


def test_more_than_there_is_room_for_is_refused_with_the_first_piece(taking):
    assert send(taking, bytes(600), 0, size="600").status_code == 200
    refused = send(taking, bytes(10), 0, name="b.png", size="401")
    assert refused.status_code == 413 and "more can be sent" in refused.json()["error"]


@pytest.mark.parametrize(
    "about",
    [{"name": ""}, {"name": "x" * 2000 + ".png"}, {"name": "a\0.png"}, {"size": "-1"}, {"size": "x"},
     {"size": "1" * 30}, {"size": "0"}],
)  # fmt: skip
def test_what_says_nonsense_is_refused(taking, about):
    assert send(taking, **about).status_code == 400
    assert send(taking, b"0", -1).status_code == 400


@pytest.mark.parametrize("name", ["a.html", "a", ".png", "a.png.exe"])
def test_kinds_that_the_page_has_no_use_for_are_refused(taking, name):
    assert send(taking, b"0123456789", 0, name=name).status_code == 415


@pytest.mark.parametrize(
    "name", ["../../x.png", "/etc/x.png", "..\\x.png", "C:\\x.png", "part.png", "a/../x.png"]
)
def test_a_name_with_a_path_in_it_writes_nothing_outside(taking, arrivals, name):
    key = send(taking, b"0123456789", 0, name=name).json()["key"]
    path = arrivals.path(key)
    assert path.parent == arrivals.folder / key and path.read_bytes() == b"0123456789"


@pytest.mark.parametrize("key", ["", "..", "../sent", "a" * 31, "é" * 32, "/" * 32, "0" * 32])
def test_a_key_that_nobody_was_given_names_no_file(arrivals, key):
    assert arrivals.paths([key]) == []


def test_a_file_of_which_a_part_has_come_goes_on_after_a_restart(tmp_path):
    first = make_window(tmp_path)
    coming = Coming("a.png", 10, "7")
    first.arrivals.append(coming, 0, b"012")
    shutil.rmtree(first.cache, ignore_errors=True)
    again = make_window(tmp_path).arrivals
    assert again.offset(coming) == 3 and again.append(coming, 3, b"3456789") == 10
    assert again.path(coming.key).read_bytes() == b"0123456789"


def test_a_start_forgets_what_came_more_than_a_day_ago(tmp_path):
    Arrivals(tmp_path).append(Coming("a.png", 10, "7"), 0, b"012")
    for path in (*tmp_path.rglob("*"), tmp_path):
        os.utime(path, (0, 0))
    assert list(Arrivals(tmp_path).folder.iterdir()) == []


def test_what_came_more_than_a_day_ago_is_forgotten(taking, arrivals):
    send(taking, b"012", 0)
    arrivals.forget_old()
    assert send(taking).json()["offset"] == 3
    arrivals.forget_old(os.stat(arrivals.folder).st_mtime + DAY + 5)
    assert send(taking).json()["offset"] == 0


@pytest.mark.parametrize("text", [None, 5, "", "{", "{}", "5", "[" * 9000, '{"a": 1}'])
def test_a_list_that_is_none_is_of_no_files(text):
    assert sent_keys(text) == ()


def test_the_page_names_what_it_has_sent_by_keys(window):
    shown = json.dumps(["0" * 32, {"path": "/etc/passwd"}])
    assert window.arrivals.paths(sent_keys(shown)) == []
