"""Passwords and tokens stand nowhere but where they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.ui.browser import ROOT, Process, window

LOG = ROOT / "logs" / "window.log"
PASSWORD, TOKEN = "pw-canary-51c8", "hf_canary51c8canary51c8canary51c8ab"


@dataclass
class Started:
    """A window that others can reach, with all that it leaves anywhere."""

    process: Process
    folder: Path
    log_bytes: int
    """Of the log of earlier windows."""

    def inside(self, user: str, password: str) -> httpx.Client:
        client = httpx.Client(base_url=self.process.url)
        assert client.post("/login", data={"user": user, "password": password}).status_code == 200
        return client

    def left(self, client: httpx.Client) -> str:
        """What the page is sent, what the log has got, and the workspace's files with their names."""
        asked = [client.get(path).text for path in ("/", "/config", "/live?lang=en", "/live/log?lang=en")]
        asked.append(client.post("/gradio_api/run/predict", json={}).text)
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        asked += [f"{path}{path.read_bytes().decode('latin-1')}" for path in files]
        return "".join(asked) + LOG.read_bytes()[self.log_bytes :].decode("utf-8", "replace")


def started(folder: Path) -> Iterator[Started]:
    before = LOG.stat().st_size if LOG.exists() else 0
    with window(folder, "--listen", "0.0.0.0") as process:
        yield Started(process, folder, before)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Started without a password."""
    yield from started(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Its password stands in the environment, beside a token of Hugging Face."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAREWORD_AUTH", f"me:{PASSWORD}")
        patch.setenv("HF_TOKEN", TOKEN)
        yield from started(tmp_path_factory.mktemp("given"))


def test_a_password_that_was_made_up_is_printed_once_and_stands_nowhere_else(made_up):
    lines = made_up.process.lines
    (line,) = [line for line in lines if "rareword" in line and "http" not in line]
    password = line.split()[-1]
    token = next(line for line in lines if "token=" in line).partition("token=")[2].strip()
    left = made_up.left(made_up.inside("rareword", password))
    assert "".join(lines).count(password) == 1
    assert token and password not in left and token not in left


def test_a_password_in_the_environment_stands_in_no_list_of_processes_log_page_or_file(given):
    shown = "".join(given.process.lines) + given.left(given.inside("me", PASSWORD))
    proc = Path("/proc") / str(given.process.popen.pid)
    if proc.exists():
        shown += (proc / "cmdline").read_text()
    assert PASSWORD not in shown and TOKEN not in shown
