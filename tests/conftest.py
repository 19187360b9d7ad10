"""What each test needs, the order of the files, and options of the whole suite."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before torch is imported: small tensors gain nothing from a second thread, which waits by running.
os.environ["OMP_NUM_THREADS"] = "1"

# No run of a test is told to the developer's own address.
os.environ.pop("RAREWORD_WEBHOOK", None)
# A test that presses every button also removes the token of the Hub, which is not to be the developer's own.
os.environ["HF_TOKEN_PATH"] = str(Path(tempfile.gettempdir()) / f"rareword-tests-token-{os.getpid()}")

HERE = Path(__file__).parent

TORCH = {
    *(
        "adapters",
        "baseline",
        "diffusion",
        "forecast",
        "formats",
        "guide",
        "models",
        "stand_in_card",
        "tools",
        "train",
    ),
    *("captioners/test_language.py", "test_bad_input.py", "test_cli.py"),
    *("ui/test_model_tab.py", "ui/test_shipped.py", "ui/test_tensorboard.py"),
}
"""Folders, and files elsewhere, whose tests import torch or what imports it."""

PURE = {
    *("forecast/test_counts.py", "formats/test_parts.py"),
    *("tools/test_resize.py", "tools/test_table.py", "tools/test_utf8.py", "tools/test_caption.py"),
}
"""Files in these folders whose tests do not."""

PAGE = {"ui", "test_messages.py"}
"""The same of gradio."""

_LONG = {"train", "guide"}
"""Folders whose tests train."""


def kind(path: Path) -> str:
    """The marker of all tests of a file: "torch", "page" or "pure"."""
    if not path.is_relative_to(HERE):
        return "pure"
    places = {path.relative_to(HERE).parts[0], path.relative_to(HERE).as_posix()}
    if places & TORCH and not places & PURE:
        return "torch"
    return "page" if places & PAGE else "pure"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everywhere",
        action="store_true",
        help="what people do in the window: in both languages at all widths, not at one place each",
    )


def _is_pure_only(config: pytest.Config) -> bool:
    return config.getoption("markexpr").split(" and ")[0] == "pure"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With -m pure no other file is imported: torch and gradio take longer than all of these tests."""
    holds_pure = {HERE / name for name in PURE} | {(HERE / name).parent for name in PURE}
    is_other = kind(collection_path) != "pure" and collection_path not in holds_pure
    return True if is_other and _is_pure_only(config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(kind(item.path))
    if item.get_closest_marker("browser"):
        # Two browsers on two cores can run out of patience: such a test gets a second try, and is listed.
        item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Why a test got its second try."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.write_line(f"SECOND TRY {report.nodeid}: {report.longreprtext[-1500:]}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest files first: two workers that take file after file then end at about the same time."""
    cost: dict[Path, int] = {}
    for item in items:
        weight = 20 if item.get_closest_marker("browser") else 5 if _LONG & {*item.path.parts} else 0
        weight += 60 if item.get_closest_marker("slow") else 0
        cost[item.path] = cost.get(item.path, 0) + weight
    items.sort(key=lambda item: -cost[item.path])


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look through it again, as every run lets it do."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[Any]:
    """A test without a browser may start an event loop, as if Playwright's were not there."""
    loop = asyncio._get_running_loop()
    if loop is None or "chrome" in getattr(item, "fixturenames", ()):
        return (yield)
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(loop)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that do not collect garbage, which takes longer than a tiny training, nor wait for the disk."""
    monkeypatch.setattr("core.runner.give_memory_back", lambda: None)
    monkeypatch.setattr("os.fsync", lambda handle: None)
    if "torch" in sys.modules:
        monkeypatch.setattr("core.train.inputs.loading.give_back", lambda: None)


_tokenizers: dict[int, Any] = {}


@pytest.fixture(autouse=True)
def _one_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """CLIP's tokenizer is made once, which takes as long as a tiny training: nothing changes it."""
    text = sys.modules.get("core.models.sd.text")
    if text is None:
        return
    make = text.tokenizer

    def tokenizer(part: Any, source: Path, text_encoder: Any) -> Any:
        if (source / text.folder_of(part.name)).is_dir():  # it may have its own
            return make(part, source, text_encoder)
        if part.pad_token_id not in _tokenizers:
            _tokenizers[part.pad_token_id] = make(part, source, text_encoder)
        return _tokenizers[part.pad_token_id]

    monkeypatch.setattr(text, "tokenizer", tokenizer)


@pytest.fixture(autouse=True)
def _stays_pure(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that is marked pure imports neither torch nor gradio, whether at once or on the way."""
    yield
    if _is_pure_only(request.config):
        found = [name for name in ("torch", "gradio") if name in sys.modules]
        assert not found, "this test is not pure: see TORCH and PAGE in tests/conftest.py"
