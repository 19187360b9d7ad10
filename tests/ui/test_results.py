"""Results that a browser fetches: only what lies in the output folders, only by those who may."""

from __future__ import annotations

import asyncio
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ui.fake import make_window
from ui.serve.access import Guard, Login
from ui.serve.server import gated, mounted
from ui.tools.runs import View
from ui.window.paths import Paths
from ui.window.results import at, results, zipped

HOST = "127.0.0.1:7860"


def ask(app: Any, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=("10.0.0.9", 5))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, path, headers={"host": HOST, **headers})

    return asyncio.run(run())


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A window's gate and its folder, with a model, a model folder, samples, and things that are nobody's."""
    place = tmp_path_factory.mktemp("served")
    window = make_window(place)
    output = window.output
    for name, data in {
        "sls_frog.safetensors": b"0123456789" * 1000,
        "蛙 #1?.safetensors": b"frog",
        "notes.txt": b"private",
        "last-state/trainable.safetensors": b"state",
        "dif/model_index.json": b"{}",
        "dif/unet/w.safetensors": b"weights",
        "runs/r1/samples/a.png": b"png",
        "runs/r1/samples/b.txt": b"no image",
        "runs/r1/run.toml": b"secret = 1",
        "runs/r1/samples.png": b"sheet",
    }.items():
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_bytes(data)
    (place / "secret.safetensors").write_bytes(b"secret")
    os.symlink(place / "secret.safetensors", output / "link.safetensors")
    os.symlink(place, output / "runs" / "away")
    os.symlink(place / "secret.safetensors", output / "dif" / "unet" / "link.safetensors")
    return Guard(gated(mounted(window), window), {"127.0.0.1"}), window


def address(window, name):
    return next(result.address for result in results(window) if result.name == name)


def test_models_folders_and_samples_are_listed_and_nothing_else(served):
    names = {result.name for result in results(served[1])}
    assert names == {
        "sls_frog.safetensors",
        "蛙 #1?.safetensors",
        "dif.zip",
        "r1-samples.zip",
        "r1-samples.png",
    }


def test_a_model_is_sent_as_it_is_and_in_parts(served):
    guard, window = served
    where = address(window, "sls_frog.safetensors")
    answer = ask(guard, where)
    assert answer.content == b"0123456789" * 1000 and answer.headers["content-length"] == "10000"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    part = ask(guard, where, range="bytes=5-9")
    assert part.status_code == 206 and part.content == b"56789"


def test_a_name_in_japanese_with_odd_signs_is_sent_too(served):
    guard, window = served
    assert ask(guard, address(window, "蛙 #1?.safetensors")).content == b"frog"


def test_folders_are_sent_as_a_zip_without_what_links_lead_to(served):
    guard, window = served
    with zipfile.ZipFile(io.BytesIO(ask(guard, address(window, "dif.zip")).content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["dif/model_index.json", "dif/unet/w.safetensors"]
    with zipfile.ZipFile(io.BytesIO(ask(guard, address(window, "r1-samples.zip")).content)) as archive:
        assert archive.namelist() == ["samples/a.png"]


def test_a_zip_is_made_while_it_is_sent(served, tmp_path):
    big = tmp_path / "big"
    big.write_bytes(bytes(5 << 20))
    result = next(r for r in results(served[1]) if r.name == "dif.zip")
    pieces = [len(p) for p in zipped(type(result)("x", tmp_path, "folder", 0, 0, ((big, "big"),)))]
    assert max(pieces) < 2 << 20 and sum(pieces) > 5 << 20


@pytest.mark.parametrize(
    "path",
    [
        "link.safetensors", "notes.txt", "last-state/trainable.safetensors", "runs/r1/run.toml",
        "runs/r1/samples/a.png", "runs/away", "runs/away/secret.safetensors", "dif/unet/w.safetensors",
        "../secret.safetensors", "..%2f..%2fsecret.safetensors", "%2e%2e/secret.safetensors",
        "..\\secret.safetensors", "/etc/passwd", "sls_frog.safetensors/", "SLS_FROG.safetensors", "",
        "sls_frog.safetensors%00.png", "sls_frog.safetensors::$DATA",
    ],
)  # fmt: skip
def test_nothing_but_what_is_listed_is_sent(served, path):
    guard, window = served
    root = address(window, "sls_frog.safetensors").rsplit("/", 1)[0]
    answer = ask(guard, f"{root}/{path}")
    assert answer.status_code == 404 and b"secret" not in answer.content


@pytest.mark.parametrize(
    "path", ["/results", "/results/", "/results/x", "/results//etc/passwd", "/results/../gui.py"]
)
def test_no_other_address_sends_a_file(served, path):
    assert b"import" not in ask(served[0], path).content


def test_only_reading_is_possible(served):
    guard, window = served
    where = address(window, "sls_frog.safetensors")
    assert {ask(guard, where, method).status_code for method in ("POST", "PUT", "DELETE")} <= {404, 405}
    head = ask(guard, where, "HEAD")
    assert head.status_code == 200 and head.content == b""


def test_without_login_nothing_is_sent_and_no_other_site_may_ask(served):
    guard, window = served
    where = address(window, "sls_frog.safetensors")
    closed = Guard(guard._app, {"127.0.0.1"}, Login("me", "right password"))
    assert ask(closed, where).status_code == 401
    assert ask(guard, where, origin="https://evil.example").status_code == 403


def test_over_the_network_an_output_folder_outside_the_roots_is_not_listed(served, tmp_path):
    _, window = served
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "own.safetensors").write_bytes(b"x")
    window.draft.keep({"save.output_dir": str(tmp_path / "other")})
    assert "own.safetensors" in {result.name for result in results(window)}
    local, window.paths = window.paths, Paths(Path.cwd(), window.workspace, (), is_local=False)
    assert "own.safetensors" not in {result.name for result in results(window)}
    window.paths = local
    window.draft.keep({"save.output_dir": ""})


def test_the_run_panel_links_to_the_model_that_was_saved(served):
    window = served[1]
    assert at(window, str(window.output / "sls_frog.safetensors")).address.startswith("results/")
    for other in ("", "/etc/passwd", str(window.output / "notes.txt")):
        assert at(window, other) is None


def test_the_list_is_shown_with_size_and_link_in_both_languages(app, window):
    window.output.mkdir(parents=True)
    (window.output / "<b>.safetensors").write_bytes(bytes(2_500_000))
    html = app.past.look(View(), "en")[app.past.parts["list"]]
    assert "&lt;b&gt;.safetensors" in html and "2.4 MiB" in html and 'href="results/' in html
    assert "ダウンロード" in app.past.look(View(), "ja")[app.past.parts["list"]]
