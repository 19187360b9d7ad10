"""Options of the whole suite."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

_LONG = {"train", "guide"}
"""Folders whose tests train."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everywhere",
        action="store_true",
        help="what people do in the window: in both languages at all widths, not at one place each",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest files first: two workers that take file after file then end at about the same time."""
    cost: dict[Path, int] = {}
    for item in items:
        weight = 20 if item.get_closest_marker("browser") else 5 if _LONG & {*item.path.parts} else 0
        cost[item.path] = cost.get(item.path, 0) + weight
    items.sort(key=lambda item: -cost[item.path])


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look through it again, as every run lets it do."""
    gc.collect()
    gc.freeze()
