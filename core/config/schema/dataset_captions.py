"""Declarations of [dataset]: the captions."""

from __future__ import annotations

from typing import ClassVar

from core.config.schema.option import MOST, Level, Scope, Section, Share, opt


class CaptionOptions(Section):
    """Captions: where they are and what is done to them."""

    GROUP: ClassVar[str] = "captions"
    SCOPE: ClassVar[Scope] = "subset"
    LEVEL: ClassVar[Level] = "advanced"

    caption_extension: str = opt(
        ".caption",
        ("Caption file extension", "キャプションの拡張子"),
        (
            "A caption file has its image's name and this extension (UTF-8); without one, .txt is read.",
            "画像と同じ名前で、この拡張子のファイル（UTF-8）を読みます。ない場合は.txtを読みます。",
        ),
        sd_scripts="caption_extension caption_extention",
        personal=True,
        on_resume="data",
    )
    shuffle_caption: bool = opt(
        False,
        ("Shuffle captions", "キャプションをシャッフル"),
        (
            "Shuffle the comma-separated tags each time.",
            "カンマ区切りの各部分（タグ）を毎回シャッフルします。",
        ),
    )
    keep_tokens: int = opt(
        0,
        ("Keep the first n tags", "固定する先頭タグの数"),
        (
            "This many tags at the start are neither shuffled nor dropped.",
            "先頭からこの数のタグは、シャッフルも除外もしません。",
        ),
        needs="dataset.shuffle_caption|dataset.caption_tag_dropout_rate|dataset.dataset_config",
        ge=0,
        le=MOST,
    )
    caption_separator: str = opt(
        ",",
        ("Caption separator", "キャプションの区切り文字"),
        ("What separates the tags of a caption.", "キャプションの各部分（タグ）を区切る文字。"),
        level="expert",
        personal=True,
    )
    keep_tokens_separator: str | None = opt(
        None,
        ("Separator of fixed tags", "固定する部分の区切り文字"),
        (
            "With ||| here, A and C of `A ||| B ||| C` stay in place and only B is shuffled and dropped.",
            "「|||」にすると「A ||| B ||| C」のAとCは固定され、Bだけがシャッフル・除外の対象になります。",
        ),
        level="expert",
        personal=True,
    )
    secondary_separator: str | None = opt(
        None,
        ("Separator within a tag", "タグ内の区切り文字"),
        (
            "With ;;; here, `a;;;b` is shuffled and dropped as one tag, then becomes `a,b`.",
            "「;;;」にすると「a;;;b」を1つのタグとしてシャッフル・除外し、最後に「a,b」に置き換えます。",
        ),
        level="expert",
        personal=True,
    )
    enable_wildcard: bool = opt(
        False,
        ("Wildcards", "ワイルドカード"),
        (
            "Each time, pick one line of the caption file and one of `{red|green}`; write braces as `{{` and `}}`.",
            "毎回、キャプションファイルから1行、「{red|green}」から1つを選びます。波括弧は「{{」「}}」と書きます。",
        ),
        personal=True,
    )
    caption_prefix: str | None = opt(
        None,
        ("Caption prefix", "キャプションの前に付ける文字列"),
        ("Added before every caption, with a space.", "すべてのキャプションの前に、空白を挟んで付けます。"),
        personal=True,
        on_resume="data",
    )
    caption_suffix: str | None = opt(
        None,
        ("Caption suffix", "キャプションの後に付ける文字列"),
        ("Added after every caption, with a space.", "すべてのキャプションの後に、空白を挟んで付けます。"),
        personal=True,
        on_resume="data",
    )
    caption_dropout_rate: Share = opt(
        0.0,
        ("Caption dropout", "キャプションを空にする割合"),
        (
            "Share of samples trained with an empty caption, 0 to 1.",
            "キャプションを空にして学習する割合（0〜1）。",
        ),
    )
    caption_dropout_every_n_epochs: int = opt(
        0,
        ("Empty captions every n epochs", "キャプションを空にするエポック間隔"),
        (
            "Every n-th epoch uses empty captions only. 0: never.",
            "このエポック数ごとに、すべてのキャプションを空にします。0なら空にしません。",
        ),
        level="expert",
        ge=0,
        le=MOST,
    )
    caption_tag_dropout_rate: Share = opt(
        0.0,
        ("Tag dropout", "タグを除外する割合"),
        (
            "Share of the comma-separated tags dropped each time, 0 to 1.",
            "カンマ区切りの各部分（タグ）を毎回除外する割合（0〜1）。",
        ),
    )
