"""Words of the head of the page: presets, the dialog of settings files, the menu, what can be undone."""

from collections.abc import Mapping

from core.catalog import Words

HEAD_WORDS: Mapping[str, Words] = {
    "head.method.lora": Words("LoRA", "LoRA"),
    "head.method.dora": Words("DoRA", "DoRA"),
    "head.method.loha": Words("LoHa", "LoHa"),
    "head.method.lokr": Words("LoKr", "LoKr"),
    "head.method.oft": Words("OFT", "OFT"),
    "head.method.embedding": Words("Textual inversion", "Textual Inversion"),
    "head.method.none": Words("Whole model", "モデル全体"),
    "head.top": Words("Top of the page", "ページの一番上"),
    "head.menu": Words("More", "その他"),
    "head.close": Words("Close", "閉じる"),
    "method.moved": Words(
        "The training method is chosen at the top of the page.", "学習方法はページの一番上で選びます。"
    ),
    "method.moved.goto": Words("Go to the training method", "学習方法の選択へ"),
    # the list of presets
    "presets.title": Words("Presets", "プリセット"),
    "presets.changed": Words("changed since", "変更あり"),
    "presets.method": Words("Method", "学習方法"),
    "presets.purpose": Words("For", "用途"),
    "presets.memory": Words("Memory", "メモリ"),
    "presets.steps": Words("Steps", "ステップ数"),
    "presets.steps.images": Words("Steps for these images", "この画像でのステップ数"),
    "presets.epochs": Words("{n:#epoch}", "{n:,}エポック"),
    "presets.gb": Words("{n} GB", "{n}GB"),
    "presets.own": Words("Your presets", "自分のプリセット"),
    "presets.any": Words("For any model", "どのモデルにも"),
    "presets.large": Words("More memory than this GPU has ({n} GB)", "このGPUのメモリ（{n}GB）では不足"),
    "presets.others": Words("For other models ({n})", "ほかのモデル用（{n}件）"),
    "presets.large.note": Words(
        "This preset is for a GPU with {n} GB; this computer's has {has} GB.",
        "{n}GBのGPU用のプリセットです。このコンピューターのGPUは{has}GBです。",
    ),
    "presets.look": Words(
        "Choose a preset to see what it is for and what it would change.",
        "プリセットを選ぶと、用途と変わる設定が表示されます。",
    ),
    # settings files
    "files.open": Words("Open a file", "ファイルを開く"),
    "files.open.lead": Words(
        "A settings file of Rareword, a file of another trainer, or a LoRA, which holds the settings it was trained with.",
        "Rarewordの設定ファイル、ほかの学習ツールの設定ファイル、または学習時の設定が記録されたLoRAを開きます。",
    ),
    "files.paste": Words("Paste from another trainer", "ほかの学習ツールから貼り付け"),
    "files.save": Words("Save these settings", "今の設定を保存"),
    "files.own.none": Words("No presets of your own yet.", "自分のプリセットはまだありません。"),
    "files.new.name": Words("New name", "新しい名前"),
    # what can be undone
    "undo.button": Words("Undo", "元に戻す"),
    "undo.menu": Words("Undo: {what}", "元に戻す：{what}"),
    "undo.none": Words("Nothing to undo", "元に戻す操作はありません"),
    "undo.done": Words("Undone: {what}", "元に戻しました：{what}"),
    "undo.preset": Words("preset {name}", "プリセット「{name}」の適用"),
    "undo.import": Words("settings from {name}", "{name}の設定の読み込み"),
    "undo.import.text": Words("pasted settings", "貼り付けた設定の取り込み"),
    "undo.demo": Words("reset to the demo", "デモの設定に戻す操作"),
    "undo.run": Words("settings of the run {name}", "学習「{name}」の設定の読み込み"),
    "undo.suited": Words("settings for {name}", "{name}に合う設定の適用"),
    "undo.next": Words("model {name} and its preset", "モデル「{name}」とプリセットの適用"),
    # how a tab stands
    "tab.is.none": Words("not chosen", "未選択"),
    "tab.is.none.title": Words("Nothing is chosen yet", "まだ選ばれていません"),
    "tab.is.demo": Words("demo", "デモ"),
    "tab.is.demo.title": Words("The demo's files are chosen", "デモのものが選ばれています"),
    "tab.is.images": Words("{n:#image}", "画像{n:,}枚"),
    "tab.is.images.title": Words("{n:#image} of your own", "自分の画像：{n:,}枚"),
    "tab.is.listed": Words("by file", "ファイル指定"),
    "tab.is.listed.title": Words("The images are named by a file", "画像はファイルで指定されています"),
    "tab.is.family": Words("{name}", "{name}"),
    "tab.is.family.title": Words("A {name} model of your own", "自分の{name}モデル"),
    "tab.is.hub": Words("Hub", "Hub"),
    "tab.is.hub.title": Words(
        "A model on Hugging Face, fetched at the start", "Hugging Faceのモデル（開始時に取得）"
    ),
    "tab.is.unknown": Words("unknown", "不明"),
    "tab.is.unknown.title": Words("The model is of an unknown kind", "モデルの種類が不明です"),
    "tab.is.missing": Words("missing", "見つかりません"),
    "tab.is.missing.title": Words("The model is not there", "モデルが見つかりません"),
    "tab.is.checked": Words("checked", "確認済み"),
    "tab.is.checked.title": Words("These settings are checked: no faults", "設定を確認済み（問題なし）"),
    "tab.is.faults": Words("{n:#fault}", "誤り{n}件"),
    "tab.is.faults.title": Words(
        "{n:#setting is|settings are} wrong here", "ここに正しくない設定が{n}件あります"
    ),
    "tab.is.unused": Words("not used", "不使用"),
    "tab.is.unused.title": Words("The whole model is trained", "モデル全体を学習します"),
    # what Start asks, and what comes next
    "next.use": Words("Use {name}", "{name}を使う"),
    "next.used": Words(
        "Model {name} with preset: {preset}", "モデル{name}とプリセットを設定しました：{preset}"
    ),
    "next.used.alone": Words("Model chosen: {name}", "モデルを設定しました：{name}"),
    "start.anyway": Words("Start anyway", "このまま学習する"),
    "queue.anyway": Words("Add anyway", "このまま追加する"),
    "start.doubt.base": Words(
        "These are your own images, but the base model is still the demo's: it is only for trying the program and can't generate real images.",
        "画像は自分のものですが、元モデルはデモ用のままです。デモ用モデルは操作を試すためのもので、まともな画像は描けません。",
    ),
    "start.doubt.preset": Words(
        "The base model is your own, but the settings are still those of the demo's small model.",
        "元モデルは自分のものですが、設定はデモ用の小さなモデル向けのままです。",
    ),
    "start.doubt.reg": Words(
        "These are your own images, but the regularization images are still the demo's frogs.",
        "画像は自分のものですが、正則化画像はデモのカエルのままです。",
    ),
    "start.doubt.family": Words(
        "Some settings were made for another kind of model; the Model tab lists them.",
        "別の種類のモデル向けの設定が残っています。モデルタブに一覧があります。",
    ),
    "start.choose.base": Words("Choose a model", "モデルを選ぶ"),
    "start.choose.preset": Words("Choose a preset", "プリセットを選ぶ"),
    "start.choose.reg": Words("Choose others, or none", "選び直す（なしも可）"),
    "start.choose.family": Words("See these settings", "該当する設定を見る"),
}
