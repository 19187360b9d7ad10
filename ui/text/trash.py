"""Words of the trash, in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

TRASH_WORDS: Mapping[str, Words] = {
    "tools.trash": Words("Trash", "ごみ箱"),
    "trash.title": Words("Trash", "ごみ箱"),
    "trash.lead": Words(
        "What is moved to the trash on this page stays on the disk until the trash is emptied.",
        "この画面でごみ箱へ移動したファイルは、ごみ箱を空にするまでディスクに残ります。",
    ),
    "trash.images": Words("Images", "画像"),
    "trash.runs": Words("Runs and models", "学習とモデル"),
    "trash.held": Words("{n:#file}, {size}", "ファイル{n}個、{size}"),
    "trash.none": Words("Empty", "空"),
    "trash.line": Words("Trash: {held}", "ごみ箱：{held}"),
    "trash.empty": Words("Empty…", "空にする…"),
    "trash.sure.images": Words(
        "Delete for good: {held}? Nothing of it can be restored, and moving to the trash, rotating and cropping can't be undone any more.",
        "{held}を完全に削除しますか？復元できなくなり、ごみ箱への移動・回転・切り抜きも元に戻せなくなります。",
    ),
    "trash.sure.runs": Words(
        "Delete for good: {held}? These runs and models can't be restored any more.",
        "{held}を完全に削除しますか？これらの学習とモデルは復元できなくなります。",
    ),
    "trash.yes": Words("Delete for good", "完全に削除する"),
    "trash.no": Words("Keep", "残す"),
    "trash.done": Words("The trash was emptied: {held} deleted.", "ごみ箱を空にしました（{held}を削除）。"),
}
