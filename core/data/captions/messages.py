"""What may be wrong with a caption file."""

from __future__ import annotations

from core.errors import Message

NOT_UTF8 = Message(
    "E-CAP-ENCODING",
    "caption file {path} is not UTF-8 (byte {byte}). Save it as UTF-8.",
    "キャプションファイル {path} がUTF-8ではありません（{byte}バイト目）。エディタで開き、UTF-8で保存し直してください。",
)
OTHER_ENCODING = Message(
    "E-CAP-ENCODING",
    "caption file {path} is not UTF-8 (byte {byte}); it looks like {encoding}. Save it as UTF-8: `{command}`, or “Save as UTF-8” under Captions in the window, does so and keeps the original.",
    "キャプションファイル {path} がUTF-8ではありません（{byte}バイト目）。{encoding}のようです。`{command}`か、画面のキャプション欄の「UTF-8で保存」で変換できます（元の内容も残ります）。",
)
UNREADABLE = Message(
    "E-CAP-READ",
    "caption file {path} can't be read: {reason}. {advice}",
    "キャプションファイル {path} を読み込めません（{reason}）。{advice}",
)
TOO_LARGE = Message(
    "E-CAP-LARGE",
    "caption file {path} has {size:,} bytes; the limit is {limit:,}. Shorten it, or remove it from the folder.",
    "キャプションファイル {path} は{size:,}バイトあります（上限{limit:,}）。短くするか、フォルダーから取り除いてください。",
)
EMPTY = Message(
    "W-CAP-EMPTY",
    "caption file `{name}` is empty; the image is trained with an empty caption.",
    "キャプションファイル「{name}」が空です。空のキャプションで学習します。",
)
MORE_LINES = Message(
    "W-CAP-LINES",
    "caption file `{name}` has {lines} lines; only the first is used.",
    "キャプションファイル「{name}」は{lines}行ありますが、1行目だけを使用します。",
)
BOTH = Message(
    "I-CAP-BOTH",
    "both `{name}` and `{other}` exist; the former is used.",
    "「{name}」と「{other}」があります。前者を使用します。",
)
