"""Words of the Dataset tab, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

DATASET_WORDS: Mapping[str, Words] = {
    "token.one": Words("{word} is one token: good.", "「{word}」は1トークンです。適切です。"),
    "token.many": Words(
        "{word} is {n:#token}; one token is learned more reliably.",
        "「{word}」は{n}トークンです。1トークンの単語のほうが確実に学習できます。",
    ),
    "token.long": Words(
        "{word} is one token, but with more than three letters it likely has a meaning already.",
        "「{word}」は1トークンですが、4文字以上なので、すでに意味を持つ可能性があります。",
    ),
    "token.common": Words(
        "{word} is a common word with a meaning of its own; choose a rare one.",
        "「{word}」は一般的な単語で、すでに意味を持っています。珍しい単語を選んでください。",
    ),
    "token.offer": Words("Rare words:", "珍しい単語の例："),
    "preview.title": Words("What will be trained", "学習される内容"),
    "preview.look": Words("Scan and preview", "確認とプレビュー"),
    "preview.busy": Words("Checking images…", "画像を確認しています…"),
    "preview.progress": Words("Checking images: {done} of {total}", "画像を確認中：{done}／{total}枚"),
    "preview.lead": Words(
        "Folders, sizes and crops exactly as the training uses them.",
        "フォルダ・サイズ・切り抜きを、学習で使われるとおりに表示します。",
    ),
    "preview.folder": Words("Folder", "フォルダ"),
    "preview.prompt": Words("Prompt", "プロンプト"),
    "preview.repeats": Words("Repeats", "繰り返し"),
    "preview.images": Words("Images", "画像"),
    "preview.samples": Words("Used per epoch", "1エポックの使用数"),
    "preview.kind": Words("Kind", "種類"),
    "preview.train": Words("training", "学習用"),
    "preview.reg": Words("regularization", "正則化"),
    "preview.size": Words("Size", "サイズ"),
    "preview.cut": Words("Cropped", "切り取り"),
    "preview.caption": Words("“{text}” ({n:#token})", "「{text}」（{n}トークン）"),
    "preview.batches": Words("Batches per epoch", "1エポックのバッチ数"),
    "preview.share": Words("Share", "割合"),
    "preview.epoch": Words(
        "One epoch is {samples:#sample} in {steps:#step}; {total:#step is|steps are} {epochs}.",
        "1エポックは{samples}サンプル・{steps}ステップ。全{total}ステップは{epochs}です。",
    ),
    "preview.about": Words(
        "One epoch is {samples:#sample} in about {steps:#step}; {total:#step is|steps are} {epochs}.",
        "1エポックは{samples}サンプル・約{steps}ステップ。全{total}ステップは{epochs}です。",
    ),
    "epochs.whole": Words("{n:#epoch}", "{n}エポック"),
    "epochs.about": Words("{n} epochs", "{n}エポック"),
    "epochs.part": Words("{n} % of an epoch", "1エポックの{n}%"),
    "preview.busy.run": Words("A scan is running already.", "すでに確認中です。"),
    "balance.none": Words(
        "No regularization images: the whole class drifts towards your subject.",
        "正則化画像がありません。class全体が対象の影響を受けます。",
    ),
    "balance.good": Words(
        "{train:#training sample} ≥ {reg:#regularization sample}: balanced.",
        "学習用{train} ≧ 正則化{reg}：バランスは適切です。",
    ),
    "balance.over": Words(
        "{train:#training sample} < {reg:#regularization sample}: {surplus} stay unused in an epoch.",
        "学習用{train} ＜ 正則化{reg}：1エポックごとに正則化画像{surplus}枚分が使われません。",
    ),
    "balance.under": Words(
        "{train:#training sample} ≥ {reg:#regularization sample}: {repeats:#repeat} would balance best.",
        "学習用{train} ≧ 正則化{reg}。繰り返し回数を{repeats}にすると最もよく釣り合います。",
    ),
    "balance.button": Words("Balance: rename to {name}", "バランスを取る：{name} に変更"),
    "balance.idle": Words("Balance", "バランスを取る"),
    "balance.done": Words("Renamed to {names}", "{names} に変更しました"),
    "balance.busy": Words(
        "A training is running; balance the folders later.", "学習中です。終わってから変更してください。"
    ),
}
