"""What may be wrong with settings that are typed, pasted or opened."""

from core.errors import Message

NO_SETTINGS = Message(
    "E-CFG-KIND",
    "{file} contains no settings: choose a settings file (.toml, .json, .yaml, .env or .txt) or a LoRA (.safetensors).",
    "{file}は設定ファイルではありません。設定ファイル（.toml・.json・.yaml・.env・.txt）またはLoRA（.safetensors）を選んでください。",
)
FILE_TOO_LARGE = Message(
    "E-CFG-SIZE",
    "This file is too large for a run file.",
    "設定ファイルとしては大きすぎるファイルです。",
)
TOO_LONG = Message("E-CFG-LONG", "is far too long.", "入力が長すぎます。")
UNWRITTEN = Message(
    "E-PRESET-WRITE", "{path} could not be written: {why}.", "{path} に書き込めませんでした（{why}）。"
)
