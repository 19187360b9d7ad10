"""A window over a temporary workspace, with a runner that only pretends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.ui.browser import chromium
from tests.ui.fake import as_new, make_window
from tests.ui.stage import PLACES, At, Look, Stage, staged
from ui.app import App
from ui.window import Window


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """One page for all tests: building one takes half a second of a good machine."""
    return App(make_window(tmp_path_factory.mktemp("window")))


@pytest.fixture
def app(shared_app: App) -> App:
    """The page over a window that is as new."""
    as_new(shared_app._window)
    return shared_app


@pytest.fixture
def window(app: App) -> Window:
    return app._window


@pytest.fixture
def frogs(tmp_path: Path) -> Path:
    """A folder with three images of different shapes, one with a caption."""
    folder = tmp_path / "my frogs"
    folder.mkdir()
    for n, size in enumerate([(128, 128), (192, 96), (100, 150)]):
        Image.new("RGB", size, (40 * n, 120, 60)).save(folder / f"frog {n}.png")
    (folder / "frog 0.txt").write_text("sls frog, on grass", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    """A browser. While it is open the thread has an event loop that runs: see the conftest.py above."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = chromium()
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        loop = asyncio.get_running_loop()
        yield browser
        asyncio._set_running_loop(loop)  # the last test may have had no browser
        browser.close()


@pytest.fixture(scope="session")
def shared_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def stage(shared_stage: Stage) -> Stage:
    """A served window that is as new, with a runner that only pretends."""
    shared_stage.clear()
    return shared_stage


@pytest.fixture(scope="session")
def shared_look(chrome: Any, shared_stage: Stage) -> Look:
    return Look(chrome, shared_stage)


@pytest.fixture
def look(shared_look: Look, stage: Stage) -> Iterator[Look]:
    """Opens pages of the stage; the test fails when one of them logs an error or asks another host."""
    yield shared_look
    shared_look.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What people do is done in one language at one width, in turn; with --everywhere in all six places.

    A page costs seconds of a whole core: all six take as long as the rest of the tests together.
    """
    if "at" not in metafunc.fixturenames:
        return
    told = [
        name
        for name, test in vars(metafunc.module).items()
        if name.startswith("test_") and "at" in signature(test).parameters
    ]
    turn = told.index(metafunc.function.__name__) % len(PLACES)
    places = PLACES if metafunc.config.getoption("--everywhere") else PLACES[turn : turn + 1]
    metafunc.parametrize("at", places, indirect=True, ids=[f"{lang}-{width}" for lang, width in places])


@pytest.fixture
def at(look: Look, request: pytest.FixtureRequest) -> At:
    """Opens pages in one language at one width."""
    return At(look, *request.param)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Gradio makes an event loop for each page it builds and never closes it.
    here = Path(__file__).parent
    for item in (item for item in items if item.path.is_relative_to(here)):
        item.add_marker(pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning"))
