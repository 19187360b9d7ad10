"""The gate: who may ask, from where, for what. Raw requests, no browser."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.ui.asking import HOST, OWN, ask
from tests.ui.fake import make_window
from ui.serve.access import Guard
from ui.serve.login import COOKIE, MOST_WRONG_OF_ALL, Login
from ui.serve.routes import is_open
from ui.serve.server import gated, listening_socket, mounted, serve
from ui.window import Window


async def answers_everything(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


@pytest.fixture
def local() -> Guard:
    return Guard(answers_everything, {"127.0.0.1", "localhost"})


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(clock: Clock) -> Login:
    return Login("me", "right password", clock)


@pytest.fixture
def closed(login: Login) -> Guard:
    return Guard(answers_everything, {"127.0.0.1"}, login)


def enter(guard: Guard, password: str = "right password", user: str = "me") -> httpx.Response:
    return ask(guard, "POST", "/login", OWN, data={"user": user, "password": password})


def test_ones_own_page_is_served(local):
    assert ask(local, "GET", "/").status_code == 200
    own = {**OWN, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    assert ask(local, "POST", "/gradio_api/queue/join", own).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example:7860", "evil.example", "", "127.0.0.1.evil.example", "10.0.0.5"),
        *("x@127.0.0.1", "evil.example/@127.0.0.1", "127.0.0.1@evil.example", "evil.example#@127.0.0.1"),
        *("127.0.0.1\\@evil.example", "[::1", "http://evil.example", "127.0.0.1 evil.example", "2130706433"),
    ],
)
def test_another_name_for_this_computer_is_misdirected(local, host):
    assert ask(local, "GET", "/config", {"host": host}).status_code == 421


def test_two_host_headers_are_refused(local):
    headers = [("host", HOST), ("host", "evil.example")]
    assert ask(local, "GET", "/", headers).status_code == 421


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9999", f"http://x.{HOST}"]
)
def test_another_origin_is_refused_and_gets_no_cors_header(local, method, origin):
    answer = ask(local, method, "/gradio_api/upload", {**OWN, "origin": origin})
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_origin_is_refused_with_a_valid_session_on_a_share_link_too(closed, method):
    closed.allow_host("abc.gradio.live")
    cookie = enter(closed).headers["set-cookie"].split(";")[0]
    for path in ("/config", "/gradio_api/queue/join", "/gradio_api/upload"):
        headers = {"host": "abc.gradio.live", "origin": "https://evil.example", "cookie": cookie}
        answer = ask(closed, method, path, headers)
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_cross_site_request_without_origin_is_refused_but_a_link_may_be_followed(local):
    cross = {**OWN, "sec-fetch-site": "cross-site"}
    assert ask(local, "GET", "/gradio_api/info", cross).status_code == 403
    assert (
        ask(local, "POST", "/gradio_api/upload", {**cross, "sec-fetch-mode": "navigate"}).status_code == 403
    )
    assert ask(local, "GET", "/", {**cross, "sec-fetch-mode": "navigate"}).status_code == 200


CLOSED = (
    *(
        "/openapi.json",
        "/docs",
        "/redoc",
        "/monitoring",
        "/monitoring/summary",
        "/manifest.json",
        "/pwa_icon",
    ),
    *("/login", "/logout", "/svelte/x", "/vibe", "/runs", "/run-history", "/mcp", "/mcp/sse"),
    *(
        f"/gradio_api/{name}"
        for name in (
            *("openapi.json", "vibe-edit", "vibe-code", "undo-vibe-edit", "dev/reload", "proxy=http://x/"),
            *("custom_component/x", "component_server", "runs", "run-history/records", "mcp", "deep_link"),
            *(
                "process_recording",
                "token",
                "login_check",
                "user",
                "stream/x/1/2/playlist.m3u8",
                "monitoring",
            ),
            *("call/x", "call/x/y", "file/etc/passwd", "file=http://127.0.0.1/", "file=HTTPS://x/", "nosuch"),
            *("/vibe-edit/", "file=/http://x/", "profiling/traces"),
        )
    ),
    *("/GRADIO_API/Vibe-Edit", "/config/", "/nosuch"),
)


@pytest.mark.parametrize("path", CLOSED)
def test_routes_the_page_does_not_need_are_closed(local, path):
    assert {ask(local, method, path).status_code for method in ("GET", "POST", "PUT", "DELETE")} == {404}


def test_every_answer_forbids_the_browser_to_ask_elsewhere(local):
    answer = ask(local, "GET", "/")
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_websockets_are_refused(local):
    sent = []

    async def run() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await local({"type": "websocket", "path": "/", "headers": []}, receive, send)

    asyncio.run(run())
    assert sent == ["websocket.close"]


def test_without_login_there_is_only_the_login_page(closed):
    page = ask(closed, "GET", "/")
    assert page.status_code == 200 and 'name="password"' in page.text
    for path in (
        "/config",
        "/gradio_api/info",
        "/gradio_api/heartbeat/x",
        "/theme.css",
        "/live",
        "/results/x",
    ):
        assert ask(closed, "GET", path).status_code == 401
    for path in ("/gradio_api/cancel", "/gradio_api/upload", "/gradio_api/queue/join"):
        assert ask(closed, "POST", path).status_code == 401
    assert ask(closed, "GET", "/gradio_api/stream/x").status_code == 404


def test_the_login_page_speaks_japanese(closed):
    assert "パスワード" in ask(closed, "GET", "/", {**OWN, "accept-language": "ja-JP"}).text


def test_the_login_page_is_had_in_each_language_whatever_the_browser_prefers(closed):
    page = ask(closed, "GET", "/?lang=ja", {"accept-language": "en"}).text
    assert "パスワード" in page and 'href="?lang=en"' in page and 'action="login?lang=ja"' in page
    wrong = ask(closed, "POST", "/login?lang=ja", OWN, data={"user": "me", "password": "no"})
    assert "パスワードが違います" in wrong.text


def test_a_right_password_opens_a_session(closed):
    answer = enter(closed)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
    session = cookie.split(";")[0].split("=", 1)[1]
    assert ask(closed, "GET", "/config", {**OWN, "cookie": f"a=b; {COOKIE}={session}"}).status_code == 200
    assert ask(closed, "GET", "/config", {**OWN, "cookie": f"{COOKIE}={session}x"}).status_code == 401


def test_the_cookie_is_secure_behind_https(closed):
    headers = {**OWN, "x-forwarded-proto": "https"}
    answer = ask(closed, "POST", "/login", headers, data={"user": "me", "password": "right password"})
    assert "; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("user", "password"), [("me", "wrong"), ("you", "right password"), ("", ""), ("me", "é")]
)
def test_a_wrong_password_opens_nothing(closed, user, password):
    answer = enter(closed, password, user)
    assert answer.status_code == 401 and "set-cookie" not in answer.headers


def test_after_five_wrong_passwords_there_is_a_minute_of_silence(closed, clock):
    assert [enter(closed, "wrong").status_code for _ in range(5)] == [401] * 5
    assert enter(closed, "wrong").status_code == enter(closed).status_code == 429
    clock.now += 61
    assert enter(closed).status_code == 200


def test_a_thousand_wrong_passwords_get_no_further_by_claiming_to_be_others(closed, login, clock):
    answered = []
    for n in range(1000):
        claims = {"x-forwarded-for": f"10.1.{n // 250}.{n % 250}", "forwarded": f"for=10.2.0.{n % 250}"}
        claims |= {"x-real-ip": f"10.3.0.{n % 250}", "x-client-ip": f"10.4.0.{n % 250}"}
        form = {"user": "me", "password": "wrong"}
        answered.append(ask(closed, "POST", "/login", {**OWN, **claims}, data=form).status_code)
    assert answered == [401] * 5 + [429] * 995
    assert len(login._wrong) == 5
    clock.now += 61
    assert enter(closed).status_code == 200


def test_many_passwords_at_once_are_tried_one_after_the_other(closed):
    async def run() -> list[int]:
        transport = httpx.ASGITransport(app=closed, client=("10.0.0.9", 5))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            form = {"user": "me", "password": "wrong"}
            answers = await asyncio.gather(
                *(client.post("/login", data=form, headers=OWN) for _ in range(50))
            )
        return [answer.status_code for answer in answers]

    assert sorted(asyncio.run(run())) == [401] * 5 + [429] * 45


def test_wrong_passwords_from_many_addresses_are_not_remembered_without_end(login):
    for n in range(5000):
        login.enter("me", "wrong", f"10.0.{n // 250}.{n % 250}")
    assert len(login._wrong) == MOST_WRONG_OF_ALL


def test_a_server_that_is_asked_for_real_does_not_believe_who_a_request_says_it_is(tmp_path):
    config = serve(
        make_window(tmp_path), "127.0.0.1", listening_socket("127.0.0.1", 0), Login("me", "right password")
    )
    try:
        form = {"user": "me", "password": "wrong"}
        tried = [
            httpx.post(
                f"{config.url}/login", data=form, headers={"x-forwarded-for": f"10.1.0.{n}"}
            ).status_code
            for n in range(8)
        ]
    finally:
        config.close()
    assert tried == [401] * 5 + [429] * 3


def test_logging_out_ends_the_session(closed):
    cookie = enter(closed).headers["set-cookie"].split(";")[0]
    assert ask(closed, "GET", "/config", {**OWN, "cookie": cookie}).status_code == 200
    left = ask(closed, "GET", "/logout", {**OWN, "cookie": cookie})
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert ask(closed, "GET", "/config", {**OWN, "cookie": cookie}).status_code == 401


def test_the_login_link_works_once_and_for_ten_minutes(closed, login, clock):
    token = login.token
    assert "set-cookie" in ask(closed, "GET", f"/?token={token}").headers
    assert "set-cookie" not in ask(closed, "GET", f"/?token={token}").headers
    late = Login("me", "right password", clock)
    clock.now += 601
    assert late.enter_by_token(late.token) is None
    assert late.enter_by_token("") is None


def test_each_login_link_works_once_beside_the_others(login):
    printed, opened = login.token, login.invite()
    assert printed != opened
    assert login.enter_by_token(opened) and not login.enter_by_token(opened)
    assert login.enter_by_token(printed) and not login.enter_by_token(printed)


def test_a_window_on_the_network_is_found_by_its_address_but_by_no_foreign_name(login):
    guard = Guard(answers_everything, {"localhost"}, login, any_address=True)
    assert ask(guard, "GET", "/", {"host": "192.168.1.5:7860"}).status_code == 200
    assert ask(guard, "GET", "/", {"host": "[fe80::1]:7860"}).status_code == 200
    assert ask(guard, "GET", "/", {"host": "evil.example:7860"}).status_code == 421


def test_a_name_that_is_not_known_is_told_with_the_option_that_allows_it(closed):
    for lang, words in (("en", "start with --host-name abc.proxy.example.net"), ("ja-JP", "を付けて起動")):
        headers = {"host": "abc.proxy.example.net:7860", "accept-language": lang}
        answer = ask(closed, "GET", "/", headers)
        assert answer.status_code == 421 and words in answer.text
        assert "--host-name abc.proxy.example.net" in answer.text


def test_what_a_host_header_holds_is_shown_as_text_only(closed):
    answer = ask(closed, "GET", "/", {"host": "<script>alert(1)</script>"})
    assert answer.status_code == 421 and answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_proxy_s_name_works_as_host_and_as_origin(closed):
    closed.allow_host("abc.proxy.example.net")
    cookie = enter(closed).headers["set-cookie"].split(";")[0]
    public = {"cookie": cookie, "origin": "https://abc.proxy.example.net"}
    for host in ("abc.proxy.example.net", HOST):  # proxies hand the name on, or ask under their own
        assert ask(closed, "POST", "/gradio_api/reset", {**public, "host": host}).status_code == 200
    evil = {**public, "origin": "https://proxy.example.net"}
    assert ask(closed, "POST", "/gradio_api/reset", {**evil, "host": HOST}).status_code == 403
    other_port = {**public, "origin": "http://127.0.0.1:9999"}
    assert ask(closed, "POST", "/gradio_api/reset", {**other_port, "host": HOST}).status_code == 403


def test_what_a_request_claims_about_where_the_page_is_reaches_nobody(login):
    seen = {}

    async def keeps_headers(scope: Any, receive: Any, send: Any) -> None:
        seen.update({name.decode(): value.decode() for name, value in scope["headers"]})
        await answers_everything(scope, receive, send)

    guard = Guard(keeps_headers, {"127.0.0.1"})
    claims = {
        "x-forwarded-host": "evil.example",
        "x-gradio-server": "http://evil.example",
        "forwarded": "host=e",
    }
    ask(
        guard, "GET", "/config", {**OWN, **claims, "x-forwarded-for": "1.2.3.4", "x-forwarded-proto": "https"}
    )
    assert not {*claims, "x-forwarded-for"} & seen.keys()
    guard.allow_host("abc.proxy.example.net")
    ask(guard, "GET", "/config", {**OWN, "x-forwarded-host": "abc.proxy.example.net"})
    assert seen["x-forwarded-host"] == "abc.proxy.example.net"


def test_below_a_path_requests_come_with_it_or_without(login):
    guard = Guard(answers_everything, {"127.0.0.1"}, root_path="/rareword")
    for path in ("/rareword/config", "/config"):
        assert ask(guard, "GET", path).text == "/config"
    assert ask(guard, "GET", "/rareword").text == ask(guard, "GET", "/rareword/").text == "/"
    assert ask(guard, "GET", "/rarewordx/config").status_code == 404
    assert ask(guard, "GET", "/rareword/rareword/config").status_code == 404


def test_a_share_name_is_allowed_once_it_is_known(local):
    assert ask(local, "GET", "/", {"host": "abc.gradio.live"}).status_code == 421
    local.allow_host("abc.gradio.live")
    assert ask(local, "GET", "/", {"host": "abc.gradio.live"}).status_code == 200


# The whole application, Gradio and all.


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Window:
    return make_window(tmp_path_factory.mktemp("open"))


@pytest.fixture(scope="module")
def inner(wide: Window) -> Any:
    return mounted(wide)


@pytest.fixture(scope="module")
def whole(inner: Any, wide: Window) -> tuple[Guard, Guard]:
    """The real window without and with login."""
    inside = gated(inner, wide)
    return Guard(inside, {"127.0.0.1"}), Guard(inside, {"127.0.0.1"}, Login("me", "right password"))


def routes_of(app: Any, prefix: str = "") -> set[tuple[str, str]]:
    """Method and path of every route, those of what is mounted too."""
    found = set()
    for route in app.routes:
        inner = getattr(route, "app", None)
        included = getattr(route, "original_router", None)
        if included is not None:
            found |= routes_of(included, prefix)
            continue
        path = prefix + getattr(route, "path", "")
        if inner is not None and hasattr(inner, "routes"):
            found |= routes_of(inner, path.rstrip("/"))
        elif path:
            methods = getattr(route, "methods", None) or {"GET", "POST"}
            found |= {(method, re.sub(r"[{}]|:path", "", path)) for method in methods}
    return found


def test_no_route_answers_without_login_and_only_these_after_it(inner, whole):
    _, closed = whole
    routes = routes_of(inner)
    assert len({path for _, path in routes}) > 60
    for method, path in routes:
        answer = ask(closed, method, path or "/")
        is_login_page = path.strip("/") in ("", "login", "logout") and 'name="password"' in answer.text
        is_login = (method, path) == ("POST", "/login")
        assert answer.status_code in (401, 404) or is_login_page or is_login, (method, path)
    read = ("/", "/config", "/theme.css", "/favicon.ico", "/robots.txt", "/assets/path", "/static/path")
    ours = ("/live", "/live/log", "/browse", "/images/name", "/results/name")
    api = ("app_id", "info", "queue/data", "startup-events", "upload_progress", "file=path_or_url")
    wanted = {*read, *ours, *(f"/gradio_api/{name}" for name in (*api, "heartbeat/session_hash"))}
    assert {path for method, path in routes if method == "GET" and is_open(method, path)} == wanted
    written = {"upload", "queue/join", "cancel", "reset"}
    assert {path for method, path in routes if method == "POST" and is_open(method, path)} == {
        f"/gradio_api/{name}" for name in written
    }


def test_a_route_that_a_later_gradio_adds_is_closed(whole):
    opened, _ = whole
    for path in ("/gradio_api/new", "/new", "/gradio_api/filed=/etc/passwd", "/config/new", "/gradio_api"):
        assert ask(opened, "GET", path).status_code == ask(opened, "POST", path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/proc/self/environ",
        "ui/app.py",
        "../gui.py",
        "demo/run.toml",
        "%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_no_file_is_served_but_the_windows_own(whole, path):
    opened, _ = whole
    for place in (
        "gradio_api/file=",
        "gradio_api/file=/",
        "static/",
        "assets/",
        "images/",
        "results/",
        "live/",
    ):
        for name in (path, f"../../../../{path}", f"..%2f..%2f..%2f..%2f{path}", f"%5c..%5c{path}"):
            assert ask(opened, "GET", f"/{place}{name}").status_code in (403, 404)


def test_the_page_names_no_other_host(whole):
    opened, _ = whole
    html = ask(opened, "GET", "/").text
    links = [part.split('"')[0] for part in html.split('src="')[1:] + html.split('href="')[1:]]
    assert links and not [link for link in links if link.startswith(("http:", "https:", "//"))]


def test_every_handler_is_private(whole):
    opened, _ = whole
    config = ask(opened, "GET", "/config").json()
    assert [d["id"] for d in config["dependencies"] if d["api_visibility"] != "private"] == []
