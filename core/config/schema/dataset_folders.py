"""Declarations of [dataset]: the folders and the sizes that are trained."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from core import catalog, families
from core.config.schema import numbers
from core.config.schema.option import LARGEST_FACTOR, Choice, OnResume, Section, Seed, Share, opt


def parse_resolution(value: object) -> object:
    """512, "512", "768,512" or [768, 512] -> (width, height); the rest is left for pydantic to refuse."""
    if isinstance(value, str):
        sides = numbers.sides(value)
        if sides is not None and len(sides) <= 2:
            value = sides
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if isinstance(value, list | tuple) and len(value) == 1:
        value = [value[0], value[0]]
    return tuple(value) if isinstance(value, list) else value


Resolution = Annotated[tuple[int, int], BeforeValidator(parse_resolution)]


_STEP = math.gcd(*(family.size_step for family in families.FAMILIES.values()))
"""Pixels. What is no multiple of it no family could train; that of a run's own family is up to the rules."""


class FolderOptions(Section):
    """Folders, resolution, buckets."""

    GROUP: ClassVar[str] = "sizes"
    ON_RESUME: ClassVar[OnResume] = "data"

    train_data_dir: str = opt(
        "",
        ("Training images", "学習用画像"),
        (
            "Folder that contains `N_identifier class` folders, such as `20_sls frog`.",
            "「20_sls frog」のような「繰り返し回数_識別語 クラス」フォルダーを入れた親フォルダー。",
        ),
        path="folder",
    )
    reg_data_dir: str | None = opt(
        None,
        ("Regularization images", "正則化画像"),
        (
            "Folder that contains `N_class` folders, such as `1_frog`. Preserves the class as a whole; optional.",
            "「1_frog」のような「繰り返し回数_クラス」フォルダーを入れた親フォルダー。クラス全体への影響を防ぎます。省略可。",
        ),
        path="folder",
    )
    dataset_config: str | None = opt(
        None,
        ("Dataset config file", "データセット設定ファイル"),
        (
            "TOML or JSON file with [[datasets]] and [[datasets.subsets]]; replaces the folders above.",
            "[[datasets]]と[[datasets.subsets]]を書いたTOML・JSONファイル。上のフォルダーの代わりに使います。",
        ),
        level="expert",
        group="sources",
        path="file",
    )
    in_json: str | None = opt(
        None,
        ("Fine-tuning metadata", "fine tuning用メタデータ"),
        (
            "JSON with the caption and tags of each image; the training folder then contains the images themselves.",
            "各画像のcaptionとtagsを書いたJSON。学習用画像のフォルダーには画像を直接入れます。",
        ),
        level="expert",
        group="sources",
        path="file",
    )
    dataset_repeats: int = opt(
        1,
        ("Repeats with metadata", "メタデータ使用時の繰り返し回数"),
        ("How many times an epoch uses each image.", "1エポックに各画像を使う回数。"),
        level="expert",
        group="sources",
        needs="dataset.in_json|dataset.dataset_config",
        ge=1,
        le=100_000,
        personal=True,
    )
    prior_loss_weight: float = opt(
        1.0,
        ("Regularization loss weight", "正則化画像のlossの重み"),
        (
            "Loss weight of the regularization images. Typical: 1.",
            "正則化画像のlossに掛ける重み。通常は1.0です。",
        ),
        level="advanced",
        ge=0,
        le=LARGEST_FACTOR,
        on_resume="refused",
        in_fingerprint=False,
    )
    resolution: Resolution = opt(
        (512, 512),
        ("Resolution", "解像度"),
        (
            "In pixels: 512, or width,height. Multiples of 64.",
            "ピクセル。数値1つか「幅,高さ」、64の倍数。",
        ),
        scope="dataset",
    )
    train_batch_size: int = opt(
        1,
        ("Batch size", "バッチサイズ"),
        ("Images per batch.", "1回にまとめて学習する画像の枚数。"),
        ge=1,
        le=1024,
        scope="dataset",
    )
    enable_bucket: bool = opt(
        False,
        ("Aspect ratio bucketing", "Aspect Ratio Bucketing（バケット）"),
        (
            "Train images of different aspect ratios, each at the closest of several sizes (buckets).",
            "縦横比の異なる画像を、それぞれ最も近い解像度（バケット）で学習します。画像のサイズを揃える必要はありません。",
        ),
        level="advanced",
        scope="dataset",
    )
    min_bucket_reso: int = opt(
        256,
        ("Smallest bucket side", "バケットの最小サイズ"),
        ("In pixels.", "バケットの辺の長さ（ピクセル）。"),
        level="advanced",
        needs="dataset.enable_bucket|dataset.dataset_config",
        ge=_STEP,
        le=8192,
        scope="dataset",
    )
    max_bucket_reso: int = opt(
        1024,
        ("Largest bucket side", "バケットの最大サイズ"),
        ("In pixels.", "バケットの辺の長さ（ピクセル）。"),
        level="advanced",
        needs="dataset.enable_bucket|dataset.dataset_config",
        ge=_STEP,
        le=8192,
        scope="dataset",
    )
    bucket_reso_steps: int = opt(
        64,
        ("Bucket step", "バケットの解像度単位"),
        (
            "Sides of buckets are multiples of this many pixels.",
            "バケットの辺は、このピクセル数の倍数になります。",
        ),
        level="expert",
        needs="dataset.enable_bucket|dataset.dataset_config",
        ge=_STEP,
        le=8192,
        multiple_of=_STEP,
        scope="dataset",
    )
    bucket_rule: Annotated[str, Choice(catalog.BUCKET_RULES)] = opt(
        "absolute",
        ("Choice of the bucket", "バケットの選び方"),
        (
            "By ratio, portrait and landscape are treated alike, and less of tall images is cropped.",
            "比で選ぶと縦長と横長が同じ扱いになり、縦長の画像で切り抜きにより失われる部分が減ります。",
        ),
        level="expert",
        needs="dataset.enable_bucket|dataset.dataset_config",
        sd_scripts="",
    )
    bucket_no_upscale: bool = opt(
        False,
        ("Never enlarge images", "画像を拡大しない"),
        (
            "Small images keep their size, cropped to multiples of the bucket step.",
            "小さい画像は拡大せず、バケットの解像度単位に合わせて切り抜きます。",
        ),
        level="advanced",
        needs="dataset.enable_bucket|dataset.dataset_config",
        scope="dataset",
    )
    validation_split: Share = opt(
        0.0,
        ("Validation split", "検証用に取り分ける割合"),
        (
            "Share of the training images used for validation only, 0 to 1.",
            "学習には使わず検証だけに使う画像の割合（0〜1）。",
        ),
        level="advanced",
        group="images",
        scope="subset",
    )
    validation_seed: Seed | None = opt(
        None,
        ("Validation seed", "検証用画像の乱数シード"),
        (
            "Seed for choosing the validation images. Empty: the training seed.",
            "検証用の画像を選ぶための乱数。空欄なら学習の乱数シードを使います。",
        ),
        level="expert",
        group="images",
        needs="dataset.validation_split|dataset.dataset_config",
        personal=True,
        scope="subset",
    )
