"""Words of the dialog that shows the folders of the computer (script/paths.js), in English and Japanese."""

from collections.abc import Mapping

from core.catalog import Words

BROWSE_WORDS: Mapping[str, Words] = {
    "browse.open": Words("Browse…", "参照…"),
    "browse.clear": Words("Empty this field", "この欄を空にする"),
    "browse.up": Words("↑ Up", "↑ 上の階層"),
    "browse.start": Words("Folders that can be read", "読み込めるフォルダ"),
    "browse.take": Words("Choose this folder", "このフォルダを選択"),
    "browse.close": Words("Cancel", "キャンセル"),
    "browse.empty": Words("Nothing to choose here.", "選べるものはありません。"),
    "browse.left": Words("and {n} more", "ほか{n}個"),
}
