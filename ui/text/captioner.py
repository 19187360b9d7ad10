"""Words of the card that has images captioned."""

from collections.abc import Mapping

from core.catalog import Words

CAPTIONER_WORDS: Mapping[str, Words] = {
    "tools.caption": Words("Caption images", "自動キャプション"),
    "captioner.title": Words("Caption images", "画像に自動でキャプションを付ける"),
    "captioner.lead": Words(
        "A model writes a caption for each image: a tagger its tags, a language model sentences. All of it is one change, which you can undo here or in the caption editor.",
        "モデルが画像ごとにキャプションを書きます。タガーはタグを、言語モデルは文章を書きます。全体を1回の変更として記録し、ここかキャプション編集で元に戻せます。",
    ),
    "captioner.images": Words("training images: {folder}", "学習用画像：{folder}"),
    "captioner.tags": Words("Tags", "タグ"),
    "captioner.sentences": Words("Sentences", "文章"),
    "captioner.other": Words("Another model…", "他のモデル…"),
    "captioner.other.label": Words("Hub id or folder", "HubのモデルIDまたはフォルダー"),
    "captioner.other.help": Words(
        "A tagger with a manifest, or a model of the transformers library.",
        "manifestのあるタガー、またはtransformersのモデル。",
    ),
    "captioner.more": Words("More settings", "その他の設定"),
    "captioner.go": Words("Caption images", "キャプションを付ける"),
    "captioner.memory": Words(
        "Memory here: {size} GB ({name}). The model is in it only while it works, and never beside a training.",
        "メモリ：{size} GB（{name}）。モデルは動作中だけメモリに置かれ、学習とは同時に動きません。",
    ),
    "captioner.computer": Words("RAM, no GPU", "RAM、GPUなし"),
    "captioner.open": Words("Open the caption editor", "キャプション編集を開く"),
    "captioner.undo": Words("Undo", "元に戻す"),
    "captioner.undone": Words(
        "{n:#caption file is|caption files are} as before.", "{n}個のキャプションファイルを元に戻しました。"
    ),
    "captioner.nothing": Words(
        "Something else was changed since; undo it in the caption editor.",
        "その後に別の変更があるため、キャプション編集で元に戻してください。",
    ),
    "captioner.from": Words("Caption images automatically…", "自動でキャプションを付ける…"),
}
