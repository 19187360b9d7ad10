"""What may be wrong with an image file."""

from __future__ import annotations

from core.errors import Message

TRUNCATED = Message(
    "E-IMG-TRUNC",
    "image {path} is truncated ({size:,} bytes). Re-export or re-download it, or remove it.",
    "画像 {path} が途中で切れています（{size:,}バイト）。保存やダウンロードをやり直すか、削除してください。",
)
CORRUPT = Message(
    "E-IMG-CORRUPT",
    "image {path} is corrupt or truncated ({reason}). Re-export or re-download it, or remove it.",
    "画像 {path} が壊れているか途中で切れています（{reason}）。保存やダウンロードをやり直すか、削除してください。",
)
NOT_AN_IMAGE = Message(
    "E-IMG-NOTIMAGE",
    "{path} is not an image: it {looks}. Replace it with an image, or remove it.",
    "{path} は画像ではありません（{looks}）。画像に差し替えるか、削除してください。",
)
UNREADABLE = Message(
    "E-IMG-READ",
    "image {path} can't be read: {reason}. {advice}",
    "画像 {path} を読み込めません（{reason}）。{advice}",
)
TOO_MANY_BYTES = Message(
    "E-IMG-HUGE",
    "image file {path} is {size} large; the limit is {limit}. Save it again as PNG or JPEG, or downscale it.",
    "画像ファイル {path} は{size}で、上限の{limit}を超えています。PNGかJPEGで保存し直すか、縮小してください。",
)
TOO_MANY_PIXELS = Message(
    "E-IMG-HUGE",
    "image {path} is {size}; the limit is {limit} megapixels. Downscale it.",
    "画像 {path} は{size}ピクセルで、上限の{limit}メガピクセルを超えています。縮小してください。",
)
TOO_DEEP = Message(
    "E-IMG-DEPTH",
    "image {path} has 32-bit or floating-point values of unknown range. Save it as 8-bit PNG.",
    "画像 {path} は32bitまたは浮動小数点の形式です。8bitのPNGで保存し直してください。",
)
OTHER_KIND = Message(
    "I-IMG-EXT",
    "`{name}` is actually a {kind} file; it is used as is.",
    "「{name}」の実際の形式は{kind}です。そのまま使用します。",
)
ANIMATED = Message(
    "W-IMG-ANIM",
    "`{name}` has several frames; only the first is trained.",
    "「{name}」には複数のフレームがあります。最初のフレームだけを学習します。",
)
BAD_ORIENTATION = Message(
    "I-IMG-EXIF",
    "`{name}` has an invalid EXIF orientation ({value}); it is not rotated.",
    "「{name}」のEXIFの向き（{value}）は無効な値なので、回転しません。",
)
GONE = Message(
    "E-IMG-GONE",
    "image {path} can't be read any more: {reason}. Restore it, then resume.",
    "画像 {path} を読み込めなくなりました（{reason}）。元に戻してから再開してください。",
)
CHANGED = Message(
    "E-IMG-CHANGED",
    "image {path} changed during the run. Start a new run to train with it.",
    "画像 {path} が学習中に変更されました。変更後の画像で学習するには、新しく学習を始めてください。",
)
