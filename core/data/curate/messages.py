"""What may go wrong while the images of a dataset are changed."""

from __future__ import annotations

from core.errors import Message

NOT_AS_IT_WAS = Message(
    "E-CURATE-CHANGED",
    "`{name}` was left as it is: it was moved or changed meanwhile. Scan the images again.",
    "「{name}」はその後移動または変更されているため、そのままにしました。もう一度「確認とプレビュー」を押してください。",
)
NOT_MOVED = Message(
    "E-CURATE-WRITE",
    "`{name}` could not be changed: {reason}. Check the permissions and the space of its drive.",
    "「{name}」を変更できませんでした（{reason}）。アクセス権とディスクの空き容量を確認してください。",
)
NO_FORMAT = Message(
    "E-CURATE-FORMAT",
    "`{name}` can't be rewritten: only PNG, JPEG, WebP, BMP and TIFF with one image can. Convert it first.",
    "「{name}」は書き直せません。書き直せるのはPNG・JPEG・WebP・BMP・TIFF（静止画）です。先に変換してください。",
)
UNREADABLE = Message(
    "E-CURATE-READ",
    "`{name}` can't be read as an image, so it can only be left out or moved to the trash.",
    "「{name}」を画像として読み込めないため、除外とごみ箱への移動だけができます。",
)
NAME_TAKEN = Message(
    "E-CURATE-TAKEN",
    "`{name}` exists already, and nothing is overwritten. Rename or remove one of the two.",
    "「{name}」がすでにあり、上書きはしません。どちらかの名前を変更するか、取り除いてください。",
)
