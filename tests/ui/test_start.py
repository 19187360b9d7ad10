"""The program's options, its console, its start and its end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from types import SimpleNamespace

import pytest

import gui
from core.errors import UserError
from tests.ui.browser import ROOT, gui_py, window
from tests.ui.fake import make_window
from ui.app import App
from ui.serve import start
from ui.serve.login import Login
from ui.serve.options import VARIABLE, given_auth, make_login, proxy_of
from ui.serve.server import DIRECT, Proxy, listening_socket
from ui.window import named_preset


def test_every_option_of_the_contract_is_there():
    chosen = gui.options().parse_args(
        ["--share", "--listen", "0.0.0.0", "--port", "80", "--lang", "ja", "--no-browser", "--auth", "a:b",
         "--root", "x", "--root", "y", "--workspace", "w", "--preset", "p", "--auth-file", "f",
         "--host-name", "n", "--host-name", "m", "--root-path", "/r"]
    )  # fmt: skip
    assert (chosen.auth_file, chosen.host_name, chosen.root_path) == ("f", ["n", "m"], "/r")
    assert chosen.root == ["x", "y"] and chosen.port == 80 and chosen.preset == "p"


def test_help_is_answered_at_once_without_gradio():
    code = "import sys, gui; gui.options().format_help(); sys.exit('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_without_login_the_window_is_for_this_computer_only():
    assert make_login(None, is_open=False) == (None, "")
    login, made = make_login(None, is_open=True)
    assert login is not None and len(made) >= 16
    assert login.enter("rareword", made, "x")


def test_a_given_login_is_used_and_never_printed():
    login, made = make_login("me:secret word", is_open=False)
    assert made == "" and login is not None and login.enter("me", "secret word", "x")


def test_a_login_can_be_given_without_the_list_of_processes(tmp_path, monkeypatch):
    assert given_auth(None, None) is None
    file = tmp_path / "login.txt"
    file.write_text("me:secret word\nanything else\n", encoding="utf-8-sig")
    assert given_auth(None, str(file)) == given_auth("me:secret word", None) == "me:secret word"
    monkeypatch.setenv(VARIABLE, "me:secret word")
    assert given_auth(None, None) == "me:secret word"
    assert VARIABLE not in os.environ  # no program that is started from here gets it


@pytest.mark.parametrize("given", [("me:word", "x"), ("me:word", None), (None, "x")])
def test_a_login_that_is_given_twice_is_refused(given, monkeypatch):
    monkeypatch.setenv(VARIABLE, "me:secret word")
    with pytest.raises(UserError, match="more than once") as caught:
        given_auth(*given)
    assert caught.value.problems[0].code == "E-AUTH-TWICE"


def test_a_login_file_that_can_not_be_read_is_named(tmp_path):
    (tmp_path / "utf16").write_bytes("me:secret word".encode("utf-16"))
    for name in ("none", "utf16", "."):
        with pytest.raises(UserError) as error:
            given_auth(None, str(tmp_path / name))
        (problem,) = error.value.problems
        assert (problem.code, problem.path) == ("E-AUTH-FILE", str(tmp_path / name))


@pytest.mark.parametrize(
    ("names", "path"),
    [
        *(
            ([name], "")
            for name in ("https://x.net", "x.net:80", "x.net/y", "*", "", "a b", "x..net", "x" * 300)
        ),
        *(([], path) for path in ("https://x.net/y", "/../x", "/a b", "/a//b", "/x?y", "/%2e")),
    ],
)
def test_a_host_name_or_a_path_that_is_none_is_refused(names, path):
    with pytest.raises(UserError) as caught:
        proxy_of(names, path)
    assert caught.value.problems[0].code == ("E-HOST-NAME" if names else "E-ROOT-PATH")


def test_names_and_path_of_a_proxy_are_read_as_people_write_them():
    assert proxy_of(["Train.Example.NET", "box"], "rareword/") == Proxy(
        ("train.example.net", "box"), "/rareword"
    )
    assert proxy_of([], "/") == proxy_of([], "") == DIRECT


@pytest.mark.parametrize("auth", ["me", "me:", ":secret", "me:abc", ""])
def test_a_login_that_is_none_is_refused(auth):
    with pytest.raises(UserError) as caught:
        make_login(auth, is_open=False)
    assert caught.value.problems[0].code == "E-AUTH"


def test_a_taken_port_is_told_and_without_a_port_the_next_one_is_used(tmp_path):
    with listening_socket("127.0.0.1", None) as taken:
        port = taken.getsockname()[1]
        with listening_socket("127.0.0.1", None, first=port) as other:
            assert other.getsockname()[1] != port
        done = gui_py("--port", str(port), "--workspace", str(tmp_path), "--lang", "en")
    assert done.returncode == 2
    assert done.stdout.strip() == f"Port {port} is in use; choose another with --port."
    assert done.stderr == ""


def test_a_preset_is_found_by_its_name_or_its_file(tmp_path):
    own = tmp_path / "mine.toml"
    own.write_text("format = 1\n[network]\nrank = 99\n", encoding="utf-8")
    assert named_preset("mine", (tmp_path,)).values == {"network.rank": 99}
    assert named_preset(str(own), ()).values == {"network.rank": 99}
    with pytest.raises(UserError):
        named_preset("../mine", (tmp_path / "inner",))


def test_an_unknown_preset_is_told_in_one_sentence(tmp_path):
    done = gui_py("--preset", "no such", "--workspace", str(tmp_path), "--lang", "ja")
    assert done.returncode == 2 and "ファイルがありません" in done.stdout and "Traceback" not in done.stdout


def test_the_page_is_built_without_torch_and_soon():
    code = (
        "import sys, time; import ui.app, ui.serve.start, ui.serve.server; "
        "print(time.process_time(), 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, torch, transformers = done.stdout.split()
    assert (torch, transformers) == ("False", "False")
    # Processor time, since machines that test are busy; 2.5 s of it here.
    assert float(seconds) < 6, (seconds, time.monotonic() - started)


def test_the_window_asks_no_other_computer(tmp_path, monkeypatch):
    asked = tmp_path / "asked"
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        f"file = open({str(asked)!r}, 'a', buffering=1)\n"
        "file.write('listening\\n')\n"
        "def hook(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.sendto'):\n"
        "        file.write(f'{event} {args[-1]}\\n')\n"
        "sys.addaudithook(hook)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with window(tmp_path / "workspace") as process, urllib.request.urlopen(process.url) as answer:
        assert answer.status == 200 and b"Rareword" in answer.read()
    assert set(asked.read_text().splitlines()) == {"listening"}


def test_a_preset_at_the_start_goes_over_the_settings_from_before(tmp_path):
    window = make_window(tmp_path)
    window.draft.keep({"network.rank": 77, "train.max_train_steps": 123, "save.output_name": "mine"})
    window.chosen = {"network.rank": 99}
    app = App(window)
    assert window.draft.values["network.rank"] == "99"
    assert app.form.components["network.rank"].value == "99"
    assert app.form.components["train.max_train_steps"].value == "1600"
    assert app.form.components["save.output_name"].value == "mine"


def test_a_workspace_that_can_not_be_written_and_a_missing_root_are_told(tmp_path):
    (tmp_path / "file").write_text("x")
    done = gui_py("--workspace", str(tmp_path / "file" / "x"), "--lang", "en")
    assert done.returncode == 2 and "can't be written" in done.stdout
    done = gui_py("--root", str(tmp_path / "none"), "--workspace", str(tmp_path / "w"), "--lang", "en")
    assert done.returncode == 2 and "--root names a folder that does not exist" in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        ["--share"],
        *(["--listen", address] for address in ("0.0.0.0", "192.168.1.5")),
        ["--host-name", "train.example.net"],
        ["--root-path", "/rareword"],
    ],
)
def test_whatever_others_can_reach_has_a_login_one_link_and_no_dialog(options, tmp_path, monkeypatch):
    monkeypatch.setattr(start, "is_available", lambda: True)  # as on a desktop
    chosen = gui.options().parse_args([*options, "--no-browser", "--workspace", str(tmp_path)])
    served, printed = [], []

    def serve(window, host, sock, login, proxy):
        sock.close()
        served.append((window, login))
        return SimpleNamespace(url="http://127.0.0.1:1", guard=None)

    monkeypatch.setattr(start, "serve", serve)
    monkeypatch.setattr(start, "listening_socket", lambda *_: socket.socket())
    monkeypatch.setattr(start, "share", lambda served: "https://x.gradio.live")
    monkeypatch.setattr(start, "_wait", lambda *_: 0)
    assert start._run(chosen, tmp_path / "log", lambda key, **values: printed.append((key, values))) == 0
    ((window, login),) = served
    assert login is not None and window.dialog is None and not window.paths.is_local
    (link,) = [values["url"] for key, values in printed if key == "console.once"]
    token = link.partition("token=")[2]
    assert login.enter_by_token(token) and not login.enter_by_token(token)


def test_on_a_desktop_of_ones_own_there_is_a_dialog(tmp_path, monkeypatch):
    monkeypatch.setattr(start, "is_available", lambda: True)
    chosen = gui.options().parse_args(["--workspace", str(tmp_path)])
    assert start.make_window(chosen, tmp_path, False, tmp_path / "log").dialog is not None
    assert start.make_window(chosen, tmp_path, True, tmp_path / "log").dialog is None


def test_without_listen_only_this_computer_reaches_the_window(tmp_path, monkeypatch):
    bound = []

    def serve(window, host, sock, login, proxy):
        bound.append((host, sock.getsockname()[0], login, window.paths.is_local))
        sock.close()
        return SimpleNamespace(url="http://127.0.0.1:1", guard=None)

    monkeypatch.setattr(start, "serve", serve)
    monkeypatch.setattr(start, "_wait", lambda *_: 0)
    chosen = gui.options().parse_args(["--no-browser", "--workspace", str(tmp_path)])
    assert start._run(chosen, tmp_path / "log", lambda *_, **__: None) == 0
    assert bound == [("127.0.0.1", "127.0.0.1", None, True)]


def test_a_browser_is_opened_without_telling_the_list_of_processes_how_to_log_in(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(start, "has_desktop", lambda: True)
    monkeypatch.setattr(start.webbrowser, "open", opened.append)
    served, login = SimpleNamespace(url="http://127.0.0.1:1"), Login("me", "secret word")
    start._show(gui.options().parse_args([]), served, start.Entry(login, "", DIRECT), tmp_path)
    assert opened == [(tmp_path / "open.html").as_uri()]
    page = (tmp_path / "open.html").read_text()
    token = page.partition("token=")[2].partition('"')[0]
    assert "url=http://127.0.0.1:1/?token=" in page and login.enter_by_token(token)
    if os.name != "nt":
        assert (tmp_path / "open.html").stat().st_mode & 0o777 == 0o600
    start._show(gui.options().parse_args(["--no-browser"]), served, start.Entry(login, "", DIRECT), tmp_path)
    start._show(gui.options().parse_args([]), served, start.Entry(None, "", DIRECT), tmp_path)
    assert opened[1:] == ["http://127.0.0.1:1"]
