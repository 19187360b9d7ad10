"""The list of tools: where each stands, how it is moved in, and what a narrow window shows of it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from core.tools.table import TOOLS
from tests.tools import toy
from tests.ui.fake import demo_raw
from ui.settings.search import search_html
from ui.tools.tool_list import entries, list_html, places


def test_each_group_stands_once_and_the_first_card_is_shown():
    html = list_html(entries(), "en")
    groups = ("Results", "Images", "Adapters", "Models", "Sharing and cleaning up")
    at = [html.index(f'role="group" aria-label="{group}"') for group in groups]
    assert at == sorted(at) and html.count('role="group"') == 5
    assert html.count(" checked>") == 1 and 'value="card-runs" checked' in html


def test_a_new_tool_stands_in_its_group_with_the_first_sentence_of_its_card(monkeypatch):
    tool = replace(toy.TOOL, card=replace(toy.TOOL.card, group="images"))
    monkeypatch.setitem(TOOLS, "toy", tool)
    html = list_html(entries(), "ja")
    assert html.index("画像のリサイズ") < html.index("単語を書く") < html.index('aria-label="アダプター"')
    assert "テスト用。" in html


@pytest.mark.parametrize("query", ["merge adapter", "アダプターのマージ"])
def test_the_search_at_the_head_finds_a_tool_by_its_name(shared_app, query):
    html = search_html(shared_app.form, query, demo_raw(shared_app), "en", places())
    assert 'data-goto="card-merge-adapters" data-goto-tab="tools"' in html.partition("</li>")[0]


@pytest.mark.browser
def test_beside_the_list_the_arrows_show_each_tool_and_a_reload_keeps_it(look):
    page = look("en")
    page.tool("card-runs")
    page.page.locator("#tools-list input:checked").press("ArrowDown")
    page.page.locator("#try-it").wait_for()
    assert not page.page.locator("#card-runs").is_visible()
    page.reload()
    page.tab(4)
    page.page.locator("#try-it").wait_for()


@pytest.mark.browser
def test_on_a_phone_the_list_gives_way_to_the_tool_and_comes_back(look):
    page = look("ja", 390)
    page.tab(4)
    shown = page.page.locator("#tools > .rw-card:visible")
    page.page.locator("#tools-list label").first.wait_for()
    assert shown.count() == 0
    page.page.locator("#tools-list input:checked").press("ArrowDown")
    assert shown.count() == 0  # the arrows only move in the list
    page.page.keyboard.press("Enter")
    page.page.locator("#try-it").wait_for()
    page.page.get_by_role("button", name="ツール一覧").press("Enter")
    page.page.locator("#tools-list label").first.wait_for()
    assert shown.count() == 0


@pytest.mark.browser
def test_the_list_says_how_far_a_tool_is(look, stage):
    job, page = stage.window.jobs["resize"], look("en")

    def work(report):
        report("resize", 3, 12)
        while not job.control.is_stopping:
            time.sleep(0.02)

    job.start(work)
    page.tool("card-runs")
    told = page.page.locator("#tools-list label:has([value=card-resize]) output")
    told.get_by_text("25 %").wait_for()
    job.control.stop(save=False)
    told.filter(has_not_text="%").wait_for(state="attached")
