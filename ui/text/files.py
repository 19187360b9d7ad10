"""Words about choosing and fetching files, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalog import Words

FILES_WORDS: Mapping[str, Words] = {
    "pick.model": Words("Choose a file…", "ファイルを選ぶ…"),
    "pick.folder": Words("Choose a folder…", "フォルダを選ぶ…"),
    "pick.images": Words("Choose a ZIP or image…", "ZIP・画像を選ぶ…"),
    "results.title": Words("Results", "学習の結果"),
    "results.lead": Words(
        "Models and sample images in the output folder.", "出力先フォルダにあるモデルとサンプル画像です。"
    ),
    "results.none": Words(
        "No results yet; they appear after the first save.",
        "まだ結果はありません。最初に保存されるとここに表示します。",
    ),
    "results.more": Words("and {n:#older one} in the folder", "ほか古いもの{n}個がフォルダにあります"),
    "results.look": Words("Refresh", "一覧を更新"),
    "results.download": Words("Download", "ダウンロード"),
    "results.kind.model": Words("model", "モデル"),
    "results.kind.folder": Words("Diffusers model, as a ZIP", "Diffusersモデル（ZIP）"),
    "results.kind.samples": Words("sample images, as a ZIP", "サンプル画像（ZIP）"),
    "results.kind.sheet": Words("all samples on one sheet", "サンプル一覧の画像"),
    "group.result": Words("Training and saving format", "学習と保存の形式"),
}
