"""What may go wrong while captions are edited."""

from __future__ import annotations

from core.errors import Message

NOT_AN_EXTENSION = Message(
    "E-CAP-EXTENSION",
    "'{suffix}' is not a caption file extension; choose .caption or .txt.",
    "「{suffix}」はキャプションファイルの拡張子ではありません。.captionか.txtにしてください。",
    key="dataset.caption_extension",
)
NOT_A_CAPTION = Message(
    "E-CAP-KIND",
    "`{name}` is not a caption file and is not written.",
    "「{name}」はキャプションファイルではないため、書き込みません。",
)
UNWRITABLE = Message(
    "E-CAP-WRITE",
    "`{name}` can't be written: {reason}. The file is unchanged; check its permissions, the drive and programs that have it open.",
    "「{name}」に書き込めません（{reason}）。ファイルは元のままです。アクセス権・ドライブ・開いているほかのプログラムを確認してください。",
)
CHANGED_ELSEWHERE = Message(
    "W-CAP-CHANGED",
    "`{name}` was changed by another program or window meanwhile and is left as is.",
    "「{name}」はほかのプログラムかウィンドウで変更されたため、そのままにしました。",
)
IN_METADATA = Message(
    "W-CAP-METADATA",
    "the captions of {count:# image|# images} are in the metadata file `{name}`, not in caption files; edit that file.",
    "{count}枚の画像のキャプションは、個別のファイルではなくメタデータ「{name}」にあります。そのファイルを編集してください。",
)
UNKNOWN_ENCODING = Message(
    "E-CAP-ENCODING",
    "`{name}` has an unknown encoding and can't be shown. Save it as UTF-8.",
    "「{name}」の文字コードがわからないため表示できません。UTF-8で保存し直してください。",
)
