"""What may go wrong with a tagger or captioner: its files, its numbers, its texts."""

import sys

from core.errors import Message


def install(package: str) -> str:
    """The command by which a user installs a package for this Python."""
    return f'"{sys.executable}" -m pip install {package}'


NO_RUNTIME = Message(
    "E-CAPTION-ONNX",
    "taggers need onnxruntime, which is not installed: run `{command}`, then start again.",
    "タガーにはonnxruntimeが必要ですが、入っていません。`{command}` を実行してから、もう一度開始してください。",
)
NO_LIBRARY = Message(
    "E-CAPTION-LIBRARY",
    "{path} needs {library}, which is not installed: run `{command}`, then start again.",
    "{path} には{library}が必要ですが、入っていません。`{command}` を実行してから、もう一度開始してください。",
)
MISSING = Message(
    "E-CAPTION-MODEL",
    "{path} is no folder here and no name of the Hugging Face Hub (owner/name).",
    "{path} というフォルダーはなく、Hugging Face Hubの名前（所有者/名前）でもありません。",
    key="model",
)
UNNAMED = Message(
    "E-CAPTION-MODEL",
    "Name a model: one of the Hugging Face Hub (owner/name), or its folder.",
    "モデルを指定してください（Hugging Face Hubの「所有者/名前」、またはフォルダー）。",
    key="model",
)
NOT_A_CAPTIONER = Message(
    "E-CAPTION-MODEL",
    "{path} is neither a tagger (manifest.json or manifest.toml, model.onnx) nor a captioner of the transformers library (config.json, .safetensors).",
    "{path} はタガー（manifest.jsonかmanifest.toml、model.onnx）でも、transformersのキャプションモデル（config.json、.safetensors）でもありません。",
    key="model",
)
NO_MANIFEST = Message(
    "E-CAPTION-MANIFEST",
    "{path} has no manifest that says how its model is fed: add a manifest.json, or name the folder after the model, such as {example}.",
    "{path} にはモデルの入力を記述したmanifestがありません。manifest.jsonを追加するか、フォルダー名を{example}のようなモデル名にしてください。",
    key="model",
)
BAD_MANIFEST = Message(
    "E-CAPTION-MANIFEST",
    "{path} can't be used as a manifest: {what}.",
    "{path} をmanifestとして使えません：{what}。",
    key="model",
)
LACKS_FILE = Message(
    "E-CAPTION-FILE",
    "{path} is missing: the model needs it.",
    "モデルに必要な {path} がありません。",
    key="model",
)
BAD_FILE = Message(
    "E-CAPTION-FILE",
    "{path} can't be read: {why}.",
    "{path} を読み込めません（{why}）。",
    key="model",
)
OTHER_COUNT = Message(
    "E-CAPTION-TAGS",
    "{path} lists {tags:# tag|# tags}, but the model gives {scores:# score|# scores}: they are not of the same model.",
    "{path} のタグは{tags}個ですが、モデルの出力は{scores}個です。同じモデルのファイルではありません。",
    key="model",
)
NO_OUTPUT = Message(
    "E-CAPTION-MANIFEST",
    "the model in {path} has no output `{output}`; it has {known}.",
    "{path} のモデルに出力「{output}」はありません（あるもの：{known}）。",
    key="model",
)
NO_SIZE = Message(
    "E-CAPTION-MANIFEST",
    "the model in {path} does not say its image size; state `size` in its manifest.",
    "{path} のモデルには画像サイズの情報がありません。manifestに`size`を指定してください。",
    key="model",
)
OTHER_INPUTS = Message(
    "E-CAPTION-MANIFEST",
    "the model in {path} wants the inputs {wanted}, and its manifest gives {given}.",
    "{path} のモデルの入力は{wanted}ですが、manifestにあるのは{given}です。",
    key="model",
)
UNREADABLE = Message(
    "E-CAPTION-IMAGE",
    "`{name}` can't be read as an image and gets no caption: {why}.",
    "「{name}」を画像として読み込めないため、キャプションを付けません（{why}）。",
)
NO_ANSWER = Message(
    "W-CAPTION-EMPTY",
    "the model said nothing usable about `{name}`, which gets no caption; other settings may help.",
    "「{name}」についてモデルから使える文が得られなかったため、キャプションを付けません。設定を変えると得られることがあります。",
)
MEMORY = Message(
    "E-CAPTION-MEMORY",
    "{path} needs about {needed:.1f} GB of memory, and {free:.1f} GB are free ({place}). Choose a smaller model, or close what uses the memory.",
    "{path} には約{needed:.1f} GBのメモリが必要ですが、空きは{free:.1f} GBです（{place}）。小さいモデルを選ぶか、メモリを使っているものを閉じてください。",
    key="model",
)
NOT_LOADED = Message(
    "E-CAPTION-LOAD",
    "{path} can't be loaded: {why}.",
    "{path} を読み込めません：{why}。",
    key="model",
)
BAD_THRESHOLDS = Message(
    "E-CAPTION-THRESHOLD",
    "must be pairs such as artist=0.5, copyright=0.6 with numbers from 0 to 1, not {value}.",
    "artist=0.5, copyright=0.6のように、分類と0〜1の数値の組で指定してください（値：{value}）。",
    key="thresholds",
)
BAD_REPLACEMENT = Message(
    "E-CAPTION-REPLACE",
    "must be pairs such as blue eyes,azure eyes;old,new, not {value}.",
    "blue eyes,azure eyes;元,新のような組で指定してください（値：{value}）。",
    key="replace",
)
