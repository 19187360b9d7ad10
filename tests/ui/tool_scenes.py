"""Scenes of the gallery: each tool of the Tools tab with what came of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

import pytest

from tests.captioners.stand_in import stand_in
from tests.ui.scenes import BOTH, DARK, DESK, ENGLISH, JAPANESE, LIGHT, PHONE, Looks, Scene
from tests.ui.stage import Shown
from tests.ui.tool_uses import files, use
from ui.window import PROJECT

TOOLS_TAB = 4


def _used(name: str) -> Callable[[Shown], None]:
    """The card of a tool, filled in, with its result."""

    def act(page: Shown) -> None:
        given = files(page.stage.window.workspace / "files")
        use(page, name, given)

    return act


def _list(page: Shown) -> None:
    """What a phone shows first."""
    back = page.page.locator(".rw-tool-back")
    if back.is_visible():
        back.click()
    page.page.locator("#tools-list label").first.wait_for()


def _inspected(page: Shown) -> None:
    given = files(page.stage.window.workspace / "files")
    page.tool("card-inspect")
    page.fill("inspect-file", given["frog"])
    page.page.locator("#inspect-button").click()
    page.page.locator("#inspect-found .rw-weights").first.wait_for()


def _captioned(page: Shown) -> None:
    """Ten images of the demo, captioned by a stand-in for a tagger."""
    patch, workspace = pytest.MonkeyPatch(), page.stage.window.workspace
    folder = workspace / "datasets" / "train" / "20_sls frog"
    shutil.copytree(PROJECT / "demo" / "train" / "20_sls frog", folder)
    for path in folder.glob("*.caption"):
        path.unlink()
    with patch.context() as within:
        tagger = stand_in(within, workspace)
        page.stage.window.draft.keep({"dataset.train_data_dir": str(folder.parent)})
        page.tab(0)
        page.tool("card-caption")
        card = page.page.locator("#card-caption")
        card.locator("[name=model]").select_option("other")
        card.locator("[name=other]").fill(str(tagger))
        card.locator("[name=first]").fill("sls frog")
        card.locator("[data-act=go]").click()
        card.locator("[data-act=undo]").wait_for()


def _scene(
    name: str,
    titles: tuple[str, str],
    more: tuple[str, str],
    act: Callable[[Shown], None],
    looks: Looks = BOTH,
    is_whole: bool = False,
) -> Scene:
    return Scene(f"tool-{name}", *titles, *more, tab=TOOLS_TAB, act=act, looks=looks, is_whole=is_whole)


TOOL_SCENES: Sequence[Scene] = (
    _scene(
        "list",
        ("The tools on a phone", "スマートフォンでのツール一覧"),
        (
            "By group, each with a line; one click leads back here.",
            "分類ごとに一覧表示し、いつでもここに戻れます。",
        ),
        _list,
        {"en": [(PHONE, LIGHT)], "ja": [(PHONE, DARK)]},
    ),
    _scene(
        "caption",
        ("Images are captioned by a model", "自動キャプション"),
        ("One change, which one click takes back.", "全体が1回の変更で、1クリックで元に戻せます。"),
        _captioned,
        is_whole=True,
    ),
    _scene(
        "merge-adapters",
        ("Adapters merged with each other", "アダプター同士のマージ"),
        ("A new file; the sources stay as they are.", "新しいファイルに保存し、元のファイルは変更しません。"),
        _used("merge-adapters"),
        ENGLISH,
    ),
    _scene(
        "resize-adapter",
        ("An adapter's rank changed", "アダプターのランクの変更"),
        ("How close the smaller file comes is told.", "小さくしたファイルがどれだけ近いかを示します。"),
        _used("resize-adapter"),
        JAPANESE,
    ),
    _scene(
        "convert-adapter",
        ("An adapter converted", "アダプターの変換"),
        (
            "Names for other programs, or a plain LoRA.",
            "ほかのプログラム用の名前や、通常のLoRAに変換します。",
        ),
        _used("convert-adapter"),
        JAPANESE,
    ),
    _scene(
        "extract",
        ("An adapter extracted from two models", "2つのモデルからのアダプターの抽出"),
        ("The share of the change that a rank keeps is told.", "指定したランクで保たれる割合を示します。"),
        _used("extract"),
        {"en": [(DESK, DARK)], "ja": []},
    ),
    _scene(
        "merge-model",
        ("Adapters merged into a model", "モデルへのマージ"),
        ("The new model can be trained from at once.", "できたモデルはすぐ学習の元モデルに使えます。"),
        _used("merge-model"),
        {"en": [], "ja": [(DESK, DARK)]},
    ),
    _scene(
        "inspect",
        ("What a file is", "ファイルの内容"),
        (
            "What it was trained with, and the norm of each layer.",
            "学習時の設定と、層ごとのノルムを表示します。",
        ),
        _inspected,
    ),
)
