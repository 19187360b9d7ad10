"""[dataset] as a whole, with the options on the pixels; pydantic puts those of the last base first."""

from __future__ import annotations

from typing import ClassVar

from core.config.option import opt
from core.config.schema_captions import CaptionOptions
from core.config.schema_folders import FolderOptions


class DatasetConfig(CaptionOptions, FolderOptions):
    """[dataset]: the pictures, their captions and sizes."""

    TAB: ClassVar[str] = "dataset"
    GROUP: ClassVar[str] = "pictures"
    flip_aug: bool = opt(
        False,
        ("Mirror at random", "左右反転"),
        (
            "Mirror each sample half of the time; not for subjects whose sides differ.",
            "半分の確率で左右反転して学習します。左右非対称な対象には不向きです。",
        ),
        sd_scripts="flip_aug",
    )
    color_aug: bool = opt(
        False,
        ("Vary colours", "色合いを変える"),
        (
            "Vary hue or brightness slightly each time; not together with cached latents.",
            "毎回色合いや明るさを微妙に変えて学習します。latentsのキャッシュとは併用できません。",
        ),
        level="advanced",
        sd_scripts="color_aug",
    )
    random_crop: bool = opt(
        False,
        ("Random crop", "ランダムに切り抜く"),
        (
            "Cut the overhanging part at random instead of at the centre; not together with cached latents.",
            "はみ出した部分を中央でなくランダムに切り抜きます。latentsのキャッシュとは併用できません。",
        ),
        level="advanced",
        sd_scripts="random_crop",
    )
    cache_latents: bool = opt(
        False,
        ("Cache latents", "latentsをキャッシュ"),
        (
            "Encode each picture once and keep the result in memory: faster, and the VAE leaves the GPU.",
            "各画像を一度だけVAEで変換してメモリに保持します。高速で省メモリです。",
        ),
        group="cache",
        sd_scripts="cache_latents",
    )
    cache_latents_to_disk: bool = opt(
        False,
        ("Keep cached latents on disk", "latentsのキャッシュをディスクに残す"),
        (
            "Later runs use them again; redone by themselves when a picture, its size or the VAE changes.",
            "次回以降の学習で再利用します。画像・サイズ・VAEが変わると自動で作り直します。",
        ),
        level="advanced",
        group="cache",
        sd_scripts="cache_latents_to_disk",
    )
    vae_batch_size: int = opt(
        1,
        ("VAE batch size", "VAEのバッチサイズ"),
        ("Pictures encoded at once while caching.", "キャッシュ時に一度に変換する画像の枚数。"),
        level="expert",
        group="cache",
        needs="dataset.cache_latents|dataset.cache_latents_to_disk",
        sd_scripts="vae_batch_size",
        ge=1,
        le=256,
    )
    skip_bad_images: bool = opt(
        False,
        ("Leave out broken pictures", "壊れた画像を飛ばす"),
        (
            "Train without pictures that can't be read, and say which, instead of stopping.",
            "読み込めない画像があるとき、停止せずにその画像を除いて学習し、どれかを知らせます。",
        ),
        level="advanced",
    )
