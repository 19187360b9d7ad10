"""Words about choosing and fetching files, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

FILES_WORDS: Mapping[str, Words] = {
    "pick.model": Words("Choose a file…", "ファイルを選ぶ…"),
    "pick.folder": Words("Choose a folder…", "フォルダを選ぶ…"),
    "pick.pictures": Words("Choose a ZIP or picture…", "ZIP・画像を選ぶ…"),
    "group.result": Words("How it is trained and saved", "学習と保存の形式"),
}
