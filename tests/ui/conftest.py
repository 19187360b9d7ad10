"""A window over a temporary workspace, with a runner that only pretends."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.ui.fake import as_new, make_window
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
    """A folder with three pictures of different shapes, one with a caption."""
    folder = tmp_path / "my frogs"
    folder.mkdir()
    for n, size in enumerate([(128, 128), (192, 96), (100, 150)]):
        Image.new("RGB", size, (40 * n, 120, 60)).save(folder / f"frog {n}.png")
    (folder / "frog 0.txt").write_text("sls frog, on grass", encoding="utf-8")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Gradio makes an event loop for each page it builds and never closes it.
    here = Path(__file__).parent
    for item in (item for item in items if item.path.is_relative_to(here)):
        item.add_marker(pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning"))
