"""Declarations of [save] on what a saved file says about itself."""

from __future__ import annotations

from typing import ClassVar

from core.config.schema.option import Level, OnResume, Section, opt


class MetadataOptions(Section):
    """What is written into the metadata of a saved file."""

    GROUP: ClassVar[str] = "metadata"
    LEVEL: ClassVar[Level] = "expert"
    ON_RESUME: ClassVar[OnResume] = "free"
    PERSONAL: ClassVar[bool] = True
    no_metadata: bool = opt(
        False,
        ("Leave training details out of the file", "学習情報をファイルに記録しない"),
        (
            "The file then records only the kind of model. Otherwise it records the settings, the folders' names and every tag of the captions with its count, as other trainers do.",
            "モデルの種別だけを記録します。指定しない場合はほかの学習ツールと同じく、設定・フォルダー名・キャプションのタグとその数がファイルに記録されます。",
        ),
        level="advanced",
    )
    thumbnail: bool = opt(
        True,
        ("Thumbnail", "サムネイル"),
        (
            "The newest sample of the first prompt goes into the file as a small image, which programs show in their lists of models.",
            "1つ目のプロンプトの最新のサンプル画像を小さくしてファイルに入れます。モデルの一覧に表示するプログラムがあります。",
        ),
        level="advanced",
        needs="save.no_metadata=false",
        sd_scripts="",
    )
    training_comment: str | None = opt(
        None,
        ("Comment", "コメント"),
        (
            "Notes on the training, such as the trigger word.",
            "学習についてのメモ（トリガーワードなど）。",
        ),
        level="advanced",
        needs="save.no_metadata=false",
    )
    metadata_title: str | None = opt(
        None,
        ("Title", "タイトル"),
        (
            "Shown by model sites. Empty: the output name.",
            "モデル配布サイトなどで表示されます。空欄なら出力名。",
        ),
    )
    metadata_author: str | None = opt(
        None,
        ("Author", "作者"),
        ("Who made it.", "モデルを作った人の名前。"),
    )
    metadata_description: str | None = opt(
        None,
        ("Description", "説明"),
        ("What it is for.", "何のためのモデルか。"),
    )
    metadata_license: str | None = opt(
        None,
        ("Licence", "ライセンス"),
        ("Terms of use.", "利用条件。"),
    )
    metadata_tags: str | None = opt(
        None,
        ("Tags", "タグ"),
        ("Separated by commas.", "カンマ区切りの語。"),
    )
