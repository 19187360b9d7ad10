"""The notice of a run's end that an address of the user's gets."""

import http.server
import json
import threading
import urllib.error

import pytest

from core.errors import UserError
from core.events import RunEnded, Saved
from core.webhook import VARIABLE, Address, WebHook, checked, from_environment, payload, refusal, send_test

END = RunEnded("stopped", 3, 120, "Stopped at step 120.", "120ステップで停止しました。", zh="在第120步停止。")


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://discord.com/api/webhooks/1/secret", {"content", "allowed_mentions"}),
        ("https://hooks.slack.com/services/T/B/x", {"text"}),
        ("https://example.org/hook", {"text", "event", "run", "status", "exit_code", "step", "time"}),
        ("https://notdiscord.com/x", {"text", "event", "run", "status", "exit_code", "step", "time"}),
    ],
)
def test_each_service_gets_the_fields_it_takes(url, names):
    assert payload(url, "frog", END, "en").keys() == names


def test_the_text_names_run_and_end_in_the_language():
    texts = [payload("https://a.example", "frog", END, lang)["text"] for lang in ("en", "ja", "zh")]
    assert texts == [
        "Rareword · frog · Stopped at step 120.",
        "Rareword · frog · 120ステップで停止しました。",
        "Rareword · frog · 在第120步停止。",
    ]


def test_only_the_end_is_sent():
    sent = []
    hook = WebHook("https://a.example", "frog", post=lambda url, body: sent.append(json.loads(body)["step"]))
    hook(Saved("model", "a.safetensors", 1))
    hook(END)
    hook.close()
    assert sent == [120]


def test_it_is_tried_three_times_and_the_log_holds_no_secret(monkeypatch, caplog):
    monkeypatch.setattr("core.webhook.PAUSES", (0, 0, 0))
    tries = []

    def post(url, body):
        tries.append(url)
        raise urllib.error.URLError(f"no route to {url}")

    hook = WebHook("https://a.example/secret", "frog", post=post)
    hook(END)
    hook.close()
    assert len(tries) == 3 and "secret" not in caplog.text and "a.example" in caplog.text


def served(status: int):
    """An address that keeps what it gets, and answers with a status and a way to elsewhere."""
    got: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, got


@pytest.mark.parametrize("status", [200, 302])
def test_it_is_posted_as_json_and_follows_no_redirect(monkeypatch, status):
    monkeypatch.setattr("core.webhook.PAUSES", (0,))
    server, got = served(status)
    hook = WebHook(f"http://127.0.0.1:{server.server_port}/hook", "frog")
    hook(END)
    hook.close()
    server.shutdown()
    server.server_close()
    assert [path for path, _ in got] == ["/hook"] and json.loads(got[0][1])["status"] == "stopped"


@pytest.mark.parametrize(
    "url", ["", "ftp://a.example", "file:///etc/passwd", "https://", "http://[::1", "x" * 2001]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(UserError) as caught:
        checked(url)
    assert caught.value.problems[0].code == "E-WEBHOOK"


@pytest.mark.parametrize(
    "url",
    [
        "http://1.1.1.1/x",
        "https://127.0.0.1/x",
        "https://10.0.0.5",
        "https://[::1]/",
        "https://169.254.169.254/",
    ],
)
def test_a_page_can_name_no_address_of_the_inner_network(url):
    assert refusal(url) is not None


def test_a_page_can_name_an_address_of_the_outer_network():
    assert refusal("https://1.1.1.1/hook") is None


def test_the_environment_names_one(monkeypatch):
    monkeypatch.setenv(VARIABLE, " https://a.example/hook ")
    assert from_environment() == "https://a.example/hook"
    monkeypatch.setenv(VARIABLE, "nothing")
    assert from_environment() == ""


def test_an_address_of_the_page_lies_in_a_file_for_this_user_alone(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE, raising=False)
    address = Address(tmp_path / "webhook.txt")
    address.keep(" https://1.1.1.1/hook ")
    assert (address(), (tmp_path / "webhook.txt").stat().st_mode & 0o777) == ("https://1.1.1.1/hook", 0o600)
    address.remove()
    assert address() == "" and not (tmp_path / "webhook.txt").exists()


def test_an_address_of_the_inner_network_is_not_kept(tmp_path):
    with pytest.raises(UserError):
        Address(tmp_path / "webhook.txt").keep("https://192.168.0.1/hook")
    assert not (tmp_path / "webhook.txt").exists()


def test_the_environment_goes_before_the_page(monkeypatch, tmp_path):
    address = Address(tmp_path / "webhook.txt")
    address.keep("https://1.1.1.1/hook")
    monkeypatch.setenv(VARIABLE, "http://localhost:1/other")
    assert address() == "http://localhost:1/other"


SECRETS = [
    "https://discord.com/api/webhooks/1/SECRET x",
    "https://user:pass@host/",
    "https://host/日本",
    "https://a..b/",
    "https://127%2e0.0.1/",
]


@pytest.mark.parametrize("url", SECRETS)
def test_an_address_that_the_library_would_not_send_as_it_stands_is_refused(url):
    with pytest.raises(UserError) as caught:
        checked(url)
    assert caught.value.problems[0].code == "E-WEBHOOK"
    assert not {"SECRET", "pass"} & {*str(caught.value).split("/")}


@pytest.mark.parametrize("url", SECRETS[:4])
def test_what_the_library_raises_for_an_address_is_told_without_it(monkeypatch, caplog, capfd, url):
    monkeypatch.setattr("core.webhook.PAUSES", (0,))
    monkeypatch.setattr("socket.getaddrinfo", no_network)
    with pytest.raises(UserError) as caught:
        send_test(url, "en")
    hook = WebHook(url, "frog")
    hook(END)
    hook.close()
    told = f"{caught.value} {caplog.text} {capfd.readouterr()}"
    assert "no word of the run's end" in told and "SECRET" not in told and "pass" not in told


def no_network(host, *_, **__):
    host.encode("idna")
    raise OSError("no network")


def test_a_slow_network_holds_no_run_but_the_end_of_the_program(monkeypatch):
    sent, waits, may_send = [], [], threading.Event()
    monkeypatch.setattr("core.webhook.BRIEFLY", 0.01)
    monkeypatch.setattr("atexit.register", lambda wait, seconds: waits.append((wait, seconds)))
    hook = WebHook("https://a.example", "frog", post=lambda *_: sent.append(may_send.wait(30)))
    hook(END)
    hook.close()
    (worker,) = [thread for thread in threading.enumerate() if thread.name == "rareword-webhook"]
    assert sent == [] and worker.daemon
    may_send.set()
    for wait, seconds in waits:
        wait(seconds)
    assert sent == [True]
