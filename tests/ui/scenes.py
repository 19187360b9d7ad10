"""The scenes of the gallery: what is done in the window before an image is taken of it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.config.file import toml_text
from core.events import RunEnded, Saved, to_json
from tests.ui.fake import FakeRunner
from tests.ui.stage import Shown, Stage
from tests.ui.states import begun, done
from ui.window import PROJECT, Window
from ui.window.run_state import Watcher
from ui.window.tries import Tried

Looks = Mapping[str, Sequence[tuple[int, bool]]]

DESK, LAPTOP, PHONE = 1440, 1024, 390
LIGHT, DARK = False, True
BOTH: Looks = {"en": [(DESK, LIGHT)], "ja": [(DESK, LIGHT)]}
ENGLISH: Looks = {"en": [(DESK, LIGHT)], "ja": []}
JAPANESE: Looks = {"en": [], "ja": [(DESK, LIGHT)]}


@dataclass(frozen=True)
class Scene:
    """What is seen. act: what a user does first. looks: widths and colours by language.

    at: the element that stands at the top of the image, else the page's own head.
    """

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
    at: str = ""

    def play(self, page: Shown, stage: Stage) -> None:
        """Bring the page to the scene."""
        stage.show(self.state)
        page.page.locator("#level label").nth(self.level).click()
        page.tab(self.tab)
        if self.act is not None:
            self.act(page)
        page.caught_up()


def _empty(page: Shown) -> None:
    for name in ("opt-dataset-train-data-dir", "opt-dataset-reg-data-dir"):
        page.fill(name, "")
    page.page.wait_for_selector("#run-head [data-goto]")


def _plan(page: Shown) -> None:
    folder = page.stage.window.workspace / "frogs"
    shutil.copytree(PROJECT / "demo" / "train" / "20_sls frog", folder)
    page.fill("make-source", str(folder))
    page.fill("make-identifier", "sls")
    page.fill("make-class", "frog")
    page.page.wait_for_selector("#make-plan .rw-plan")


def _preview(page: Shown) -> None:
    page.page.locator("#preview-look").click()
    page.page.wait_for_selector("#preview-fields figure img")


def _difference(page: Shown) -> None:
    page.look_at_preset("SD")
    page.page.wait_for_selector("#preset-note .rw-diff")
    page.page.evaluate("document.querySelector('#preset-note details').open = true")


def _search(page: Shown) -> None:
    page.fill("find", "loss")
    page.page.wait_for_selector("#found button")


def _problem(page: Shown) -> None:
    page.fill("opt-train-learning-rate", "fast")
    page.page.locator("#run-check").click()
    page.page.wait_for_selector("#run-message .rw-problems")


def _captions(page: Shown) -> None:
    folder = page.stage.window.workspace / "datasets" / "train" / "20_sls frog"
    shutil.copytree(PROJECT / "demo" / "train" / "20_sls frog", folder)
    scenes = ("green meadow", "blue sky", "wooden table", "dark night", "red room")
    for n, image in enumerate(sorted(folder.glob("*.png"))[:-2]):
        words = f"sls frog, {scenes[n % 5]}, {'front view' if n % 2 else 'side view'}"
        image.with_suffix(".caption").write_text(words, encoding="utf-8")
    page.fill("opt-dataset-train-data-dir", str(folder.parent))
    page.page.locator("#captions-open").click()
    page.page.wait_for_selector(".rw-caption img[src]")


def _wide(page: Shown) -> None:
    page.page.locator("#run-samples img").first.wait_for()
    page.page.locator("[data-wide]").click()


def _queue(page: Shown) -> None:
    text = toml_text.read(PROJECT / "demo" / "run.toml")
    for name, rank in (("sls_frog_rank4", 4), ("sls_frog_rank32", 32)):
        own = text.replace('output_name = "sls_frog"', f'output_name = "{name}"')
        page.stage.window.queue.add(own.replace("rank = 16", f"rank = {rank}"))
    page.page.wait_for_selector("#queue-list >> text=sls_frog_rank32")


def past_runs(window: Window) -> None:
    """Two runs from before of other ranks; the second was stopped."""
    for name, rank, steps, status in (("sls_frog", 16, 300, "done"), ("sls_frog_rank4", 4, 200, "stopped")):
        run = begun(window, steps)
        run.status = status
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(run.started))
        folder = window.output / "runs" / f"{stamp}-{name}"
        folder.mkdir(parents=True)
        shutil.copytree(window.output / "sample", folder / "samples")
        text = toml_text.read(PROJECT / "demo" / "run.toml").replace('"sls_frog"', f'"{name}"')
        toml_text.write(folder / "run.toml", text.replace("rank = 16", f"rank = {rank}"))
        ended = RunEnded(status, 0, steps, "Ended.", "終了しました。", time=run.started + 90)
        told = "".join(to_json(event) + "\n" for event in (*run.log.since(0), ended))
        moved = told.replace(str(window.output / "sample"), str(folder / "samples"))
        (folder / "events.jsonl").write_text(moved, encoding="utf-8")
    window.runner, window.watcher = FakeRunner(window.workspace / "none"), Watcher()


def _past(page: Shown) -> None:
    """Both runs from before ticked."""
    past_runs(page.stage.window)
    page.tab(0)
    page.tab(4)
    ticks = page.page.locator("input[data-run]")
    for n in range(2):
        ticks.nth(n).wait_for()
        ticks.nth(n).click()
        page.page.wait_for_timeout(1500)
    page.page.wait_for_selector("#card-runs .rw-chart")


def _tools(page: Shown) -> None:
    """A run has just ended: it is listed, and its saved models are shown."""
    window = page.stage.window
    past_runs(window)
    folder = next((window.output / "runs").glob("*-sls_frog"))
    with (folder / "events.jsonl").open("a", encoding="utf-8") as events:
        for step, name in ((100, "sls_frog-step00000100"), (200, "sls_frog-step00000200"), (300, "sls_frog")):
            path = window.output / f"{name}.safetensors"
            path.write_bytes((2).to_bytes(8, "little") + b"{}")
            kind = {"kind": "last" if step == 300 else "step"}
            events.write(to_json(Saved("model", str(path), step, kind)) + "\n")
    done(window)
    page.tab(0)
    page.tab(4)
    page.page.locator("#runs-list .rw-run-open").last.click()
    page.page.wait_for_selector(".rw-checkpoints")


def _try(page: Shown) -> None:
    """Images at several strengths."""
    _tools(page)
    window, values = page.stage.window, {"prompt": "sls frog, blue background", "steps": "30", "scale": "3"}
    window.tries.folder.mkdir()
    samples = sorted(
        (window.output / "sample").glob("step-*_01_*.png"), key=lambda path: path.stat().st_mtime_ns
    )
    for n, image in enumerate(samples):
        shutil.copy(image, window.tries.folder)
        strength = n / max(1, len(samples) - 1)
        window.tries.add(Tried(image.name, "1", "sls_frog.safetensors", 3, round(strength, 2), values))
    page.tab(0)
    page.tool("try-it")
    page.page.wait_for_selector(".rw-tried img")


_RUN = "The run panel stands beside every tab."
_RUN_JA = "実行パネルはどのタブでも横に表示されます。"

SCENES: Sequence[Scene] = (
    Scene(
        "empty",
        "Nothing chosen yet",
        "まだ何も選んでいない状態",
        "The Dataset tab without folders.",
        "フォルダー未指定のデータセットタブです。",
        act=_empty,
        looks=ENGLISH,
        is_whole=False,
    ),
    Scene(
        "dataset",
        "Dataset, with the demo filled in",
        "データセット（デモの設定）",
        "Start works at once: model and images of the demo are filled in.",
        "デモのモデルと画像が入力済みで、すぐに学習を開始できます。",
        looks={"en": [(DESK, LIGHT), (LAPTOP, LIGHT), (PHONE, LIGHT)], "ja": [(DESK, DARK), (PHONE, DARK)]},
    ),
    Scene(
        "plan",
        "Images to be copied",
        "コピーの予定",
        "What will be copied is shown before; the originals stay as they are.",
        "コピーされる内容を先に確認できます。元の画像は変わりません。",
        act=_plan,
        looks={"en": [], "ja": [(DESK, LIGHT)]},
        is_whole=False,
        at="#card-make",
    ),
    Scene(
        "preview",
        "What will be trained",
        "学習される内容",
        "Folders, buckets and crops, from the very plan that the run uses.",
        "学習で使う計画そのものから、フォルダー・バケット・切り抜きを表示します。",
        act=_preview,
        at="#card-preview",
    ),
    Scene(
        "captions",
        "Captions",
        "キャプション",
        "Images with their captions, tags counted; a change of many is shown before, and can be undone.",
        "画像とキャプションの一覧。タグの集計、一括編集は事前に確認でき、元に戻せます。",
        act=_captions,
        is_whole=False,
        at="#card-captions",
        looks={"en": [(DESK, LIGHT)], "ja": [(DESK, DARK)]},
    ),
    Scene(
        "model",
        "Model",
        "モデル",
        "What a file is, read from its header at once.",
        "ファイルの種類をヘッダーからすぐに表示します。",
        tab=1,
        looks={"en": [(DESK, LIGHT)], "ja": [(DESK, DARK)]},
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
        "Each run with its saved models; the other tools are a click away.",
        "学習ごとに保存されたモデルを表示します。ほかのツールも一覧から選べます。",
        tab=4,
        act=_tools,
        looks={"en": [(DESK, LIGHT)], "ja": [(DESK, DARK)]},
    ),
    Scene(
        "try",
        "A result is tried",
        "学習結果で生成",
        "Prompt, strength, seed; the images stay with their settings.",
        "プロンプト・強さ・シードを変えて生成し、画像と設定を残します。",
        tab=4,
        act=_try,
        looks=ENGLISH,
    ),
    Scene(
        "past",
        "Past runs beside each other",
        "過去の学習の比較",
        "Curves, samples at the same steps, and the settings that differ.",
        "曲線、同じステップのサンプル画像、異なる設定を並べて比べます。",
        tab=4,
        act=_past,
    ),
    Scene(
        "difference",
        "A preset, before it is applied",
        "プリセットの適用前の確認",
        "Why, from where, and what would change.",
        "理由・出典・変わる設定を表示します。",
        act=_difference,
        is_whole=False,
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
    Scene(
        "wide",
        "A training over the whole width",
        "学習中（全幅表示）",
        "Large samples, curves and log beside each other; one click leads back to the settings.",
        "大きなサンプル画像・グラフ・ログを並べて表示します。1クリックで設定の横に戻ります。",
        state="running",
        act=_wide,
        looks={"en": [(DESK, LIGHT)], "ja": [(DESK, DARK)]},
        is_whole=False,
    ),
    Scene(
        "queue",
        "A queue of runs",
        "学習のキュー",
        "Each starts by itself when the one before has ended, also with no page open.",
        "前の学習が終わると自動で始まります。ページを閉じていても進みます。",
        state="running",
        act=_queue,
        is_whole=False,
    ),
    Scene("paused", "Paused", "一時停止中", _RUN, _RUN_JA, state="paused", looks=JAPANESE, is_whole=False),
    Scene(
        "stopping", "Stopping", "停止処理中", _RUN, _RUN_JA, state="stopping", looks=ENGLISH, is_whole=False
    ),
    Scene(
        "stopped",
        "Stopped, to be resumed",
        "停止（再開できます）",
        "Stopping saves; Resume continues exactly there.",
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
