"""Words of the head of the page: presets, the dialog of settings files, the menu, what can be undone."""

from collections.abc import Mapping

from core.catalog import Words

HEAD_WORDS: Mapping[str, Words] = {
    "head.method.lora": Words("LoRA", "LoRA"),
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
}
