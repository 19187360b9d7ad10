"""The scenes of the gallery: what is done in the window before a picture is taken of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.ui.stage import Shown, Stage
from ui.window import PROJECT

Looks = Mapping[str, Sequence[tuple[int, bool]]]

DESK, LAPTOP, PHONE = 1440, 1024, 390
LIGHT, DARK = False, True
BOTH: Looks = {"en": [(DESK, LIGHT)], "ja": [(DESK, LIGHT)]}
ENGLISH: Looks = {"en": [(DESK, LIGHT)], "ja": []}
JAPANESE: Looks = {"en": [], "ja": [(DESK, LIGHT)]}


@dataclass(frozen=True)
class Scene:
    """What is seen. act: what a person does first. looks: widths and colours by language."""

    name: str
    en: str
    ja: str
    more_en: str
    more_ja: str
    state: str = "idle"
    tab: int = 0
    level: int = 0
    act: Callable[[Shown], None] | None = None
    looks: Looks = field(default_factory=lambda: BOTH)
    is_whole: bool = True
    is_new: bool = False

    def play(self, page: Shown, stage: Stage) -> None:
        """Bring the page to the scene."""
        stage.show(self.state)
        page.page.locator("#level label").nth(self.level).click()
        page.open_tab(self.tab)
        if self.act is not None:
            self.act(page)
        page.caught_up()


def _empty(page: Shown) -> None:
    for name in ("opt-dataset-train-data-dir", "opt-dataset-reg-data-dir"):
        page.fill(name, "")


def _plan(page: Shown) -> None:
    page.fill("make-source", str(PROJECT / "demo" / "train" / "20_sls frog"))
    page.fill("make-identifier", "sls")
    page.fill("make-class", "frog")
    page.page.wait_for_selector("#make-plan .rw-plan")


def _preview(page: Shown) -> None:
    page.page.locator("#preview-look").click()
    page.page.wait_for_selector("#preview-fields figure img")


def _difference(page: Shown) -> None:
    page.page.locator("#preset-choice input").click()
    page.page.locator("[role=option]").nth(4).click()
    page.page.wait_for_selector("#preset-note .rw-diff")
    page.page.evaluate("document.querySelector('#preset-note details').open = true")


def _search(page: Shown) -> None:
    page.fill("find", "loss")
    page.page.wait_for_selector("#found button")


def _problem(page: Shown) -> None:
    page.fill("opt-train-learning-rate", "fast")
    page.page.locator("#run-check").click()
    page.page.wait_for_selector("#run-message .rw-problems")


_RUN = "The run panel stands beside every tab."
_RUN_JA = "実行パネルはどのタブでも横に表示されます。"

SCENES: Sequence[Scene] = (
    Scene(
        "empty",
        "Nothing chosen yet",
        "まだ何も選んでいない状態",
        "The Dataset tab without folders.",
        "フォルダ未指定のデータセットタブです。",
        act=_empty,
        looks=ENGLISH,
        is_whole=False,
        is_new=True,
    ),
    Scene(
        "dataset",
        "Dataset, with the demo filled in",
        "データセット（デモの設定）",
        "Start works at once: model and pictures of the demo are filled in.",
        "デモのモデルと画像が入力済みで、すぐに学習を開始できます。",
        looks={"en": [(DESK, LIGHT), (LAPTOP, LIGHT), (PHONE, LIGHT)], "ja": [(DESK, DARK), (PHONE, DARK)]},
        is_new=True,
    ),
    Scene(
        "plan",
        "Pictures to be copied",
        "コピーの予定",
        "What will be copied is shown before; the originals stay as they are.",
        "コピーされる内容を先に確認できます。元の画像は変わりません。",
        act=_plan,
        looks={"en": [], "ja": [(DESK, LIGHT)]},
        is_whole=False,
        is_new=True,
    ),
    Scene(
        "preview",
        "What will be trained",
        "学習される内容",
        "Folders, buckets and crops, from the very plan that the run uses.",
        "学習で使う計画そのものから、フォルダ・バケット・切り抜きを表示します。",
        act=_preview,
        is_new=True,
    ),
    Scene(
        "model",
        "Model",
        "モデル",
        "What a file is, read from its header at once.",
        "ファイルの種類をヘッダーからすぐに表示します。",
        tab=1,
        looks={"en": [(DESK, LIGHT)], "ja": [(DESK, DARK)]},
        is_new=True,
    ),
    Scene(
        "training",
        "Training",
        "学習",
        "The settings that matter first; total steps and learning rate follow while they change.",
        "主要な設定から表示します。総ステップ数と学習率は設定に合わせて更新されます。",
        tab=2,
        looks={"en": [(DESK, LIGHT), (DESK, DARK)], "ja": [(DESK, LIGHT), (PHONE, LIGHT)]},
    ),
    Scene(
        "training-all",
        "Every setting of the training",
        "学習のすべての設定",
        "The level “All”.",
        "表示する設定「すべて」です。",
        tab=2,
        level=2,
        looks=JAPANESE,
    ),
    Scene("lora", "LoRA", "LoRA", "The adapter and its strength.", "追加ネットワークの設定です。", tab=3),
    Scene(
        "tools",
        "Tools",
        "ツール",
        "Past runs, TensorBoard, files looked into and converted, pictures resized, class pictures made.",
        "過去の学習、TensorBoard、ファイルの確認と変換、画像のリサイズ、正則化画像の作成。",
        state="done",
        tab=4,
        looks={"en": [(DESK, LIGHT)], "ja": [(DESK, DARK)]},
    ),
    Scene(
        "difference",
        "A preset, before it is applied",
        "プリセットの適用前の確認",
        "Why, from where, and what would change.",
        "理由・出典・変わる設定を表示します。",
        act=_difference,
        is_whole=False,
        is_new=True,
    ),
    Scene(
        "search",
        "A setting is searched",
        "設定の検索",
        "In either language, also by the names of sd-scripts.",
        "日本語・英語、sd-scriptsの名前でも検索できます。",
        act=_search,
        looks=JAPANESE,
        is_whole=False,
        is_new=True,
    ),
    Scene(
        "problem",
        "A setting that can't be",
        "設定の誤り",
        "What, where, and what to do, before anything starts.",
        "何が、どこで、どうすればよいかを、開始前に示します。",
        tab=2,
        act=_problem,
        is_whole=False,
        is_new=True,
    ),
    Scene(
        "starting",
        "Starting",
        "準備中",
        _RUN,
        _RUN_JA,
        state="starting",
        looks=ENGLISH,
        is_whole=False,
        is_new=True,
    ),
    Scene(
        "running",
        "Training",
        "学習中",
        "Numbers, loss, samples from before the training on, log; the same in every browser.",
        "数値・loss・学習前からのサンプル画像・ログ。どのブラウザでも同じ内容です。",
        state="running",
        looks={
            "en": [(DESK, LIGHT), (DESK, DARK), (LAPTOP, LIGHT), (PHONE, LIGHT)],
            "ja": [(DESK, LIGHT), (PHONE, DARK)],
        },
    ),
    Scene("paused", "Paused", "一時停止中", _RUN, _RUN_JA, state="paused", looks=JAPANESE, is_whole=False),
    Scene(
        "stopping", "Stopping", "停止処理中", _RUN, _RUN_JA, state="stopping", looks=ENGLISH, is_whole=False
    ),
    Scene(
        "stopped",
        "Stopped, to be resumed",
        "停止（再開できます）",
        "Stopping saves; Resume goes on exactly there.",
        "停止時に保存され、同じ所から再開できます。",
        state="stopped",
        is_whole=False,
    ),
    Scene(
        "failed",
        "Failed",
        "失敗",
        "In plain words, with what to do.",
        "原因と対処を平易な言葉で示します。",
        state="failed",
        looks={"en": [(DESK, LIGHT)], "ja": [(DESK, DARK)]},
        is_whole=False,
    ),
    Scene(
        "refused", "Refused", "開始できない", _RUN, _RUN_JA, state="refused", looks=JAPANESE, is_whole=False
    ),
    Scene(
        "done",
        "Done",
        "完了",
        "Where the result lies, and how the samples came about.",
        "結果の場所と、サンプル画像の変化。",
        state="done",
        looks={"en": [(DESK, LIGHT), (PHONE, DARK)], "ja": [(DESK, DARK)]},
    ),
    Scene(
        "unfinished",
        "After a restart",
        "再起動後",
        "A run that was left is found again.",
        "途中の学習を見つけて、再開を提案します。",
        state="unfinished",
        is_whole=False,
    ),
)
