"""TensorBoard by one button: on loopback, with the run's logs, gone with the window."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from core.errors import UserError
from tests.ui.fake import make_window
from ui.window.tensorboard import TensorBoard


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode("utf-8")


def is_open(port):
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def logs(window):
    folder = window.workspace / "logs"
    with SummaryWriter(str(folder / "20260101")) as writer:
        writer.add_scalar("loss", 0.5, 1)
    return folder


def test_one_click_opens_it_on_the_logs_and_another_closes_it(app, window, logs):
    shown = list(app.board.start({}, "en"))
    url = window.tensorboard.url
    assert url.startswith("http://127.0.0.1:") and f'href="{url}"' in shown[-1]
    assert "Showing the logs in" in shown[-1] and "only on the computer" not in shown[-1]
    assert "<html" in get(url).lower()
    assert json.loads(get(url + "data/runs")) == ["20260101"]
    assert list(app.board.start({}, "en"))[-1] == shown[-1] and window.tensorboard.url == url
    app.board.stop("en")
    assert window.tensorboard.url == "" and not is_open(int(url.rsplit(":")[-1].strip("/")))
    assert app.board.show("en") == ""


def test_it_ends_with_the_program_even_when_that_is_killed(tmp_path):
    code = (
        "import sys; from pathlib import Path; from ui.window.tensorboard import TensorBoard\n"
        "board = TensorBoard(); list(board.start(Path(sys.argv[1])))\n"
        "print(board.url, board._process.pid, flush=True); sys.stdin.read()"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    url, _ = program.stdout.readline().split()
    port = int(url.rsplit(":")[-1].strip("/"))
    assert is_open(port)
    program.kill()
    program.communicate()
    for _ in range(100):
        if not is_open(port):
            break
        time.sleep(0.05)
    assert not is_open(port)


def test_another_than_the_owner_is_told_where_the_link_works_and_reaches_no_folder_outside(app, tmp_path):
    window = make_window(tmp_path, is_local=False)
    card = app.board
    before, card._window = card._window, window
    try:
        refused = list(card.start({"log.logging_dir": "/etc"}, "en"))
        assert "is-bad" in refused[-1] and window.tensorboard.url == ""
        window.tensorboard = Pretended()
        assert "only on the computer" in card.show("en") and "まだログがありません" in card.show("ja")
    finally:
        card._window = before


class Pretended(TensorBoard):
    url = "http://127.0.0.1:1/"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path("/nowhere")


def test_one_that_ends_before_it_answers_is_told(logs, monkeypatch):
    monkeypatch.setattr("ui.window.tensorboard._CHILD", "raise SystemExit(1)")
    board = TensorBoard()
    with pytest.raises(UserError) as caught:
        list(board.start(logs))
    assert caught.value.problems[0].code == "E-TENSORBOARD" and board.url == ""
