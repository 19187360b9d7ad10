"""Words of choosing a file or folder: the dialog of the page (script/paths.js) and that of the system."""

from collections.abc import Mapping

from core.catalog import Words

BROWSE_WORDS: Mapping[str, Words] = {
    "browse.open": Words("Browse…", "参照…"),
    "browse.clear": Words("Empty this field", "この欄を空にする"),
    "browse.up": Words("↑ Up", "↑ 上の階層"),
    "browse.start": Words("Folders that can be read", "読み込めるフォルダー"),
    "browse.take": Words("Choose this folder", "このフォルダーを選択"),
    "browse.close": Words("Cancel", "キャンセル"),
    "browse.empty": Words("Nothing to choose here.", "選べるものはありません。"),
    "browse.left": Words("and {n} more", "ほか{n}個"),
    "pick.model": Words("Choose a file…", "ファイルを選ぶ…"),
    "pick.folder": Words("Choose a folder…", "フォルダーを選ぶ…"),
    "pick.images": Words("Choose a ZIP or image…", "ZIP・画像を選ぶ…"),
}
