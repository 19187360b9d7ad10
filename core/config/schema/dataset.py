"""[dataset] as a whole: the folders and sizes, the captions, and here the options on the pixels."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from core import catalog
from core.config.schema.dataset_captions import CaptionOptions
from core.config.schema.dataset_folders import FolderOptions
from core.config.schema.option import Choice, opt

_SAME = {"linear": "bilinear", "cubic": "bicubic", "": "auto"}
"""sd-scripts' second names, and what its GUI writes when nothing is chosen."""

Interpolation = Annotated[
    str,
    Choice(catalog.INTERPOLATIONS),
    BeforeValidator(lambda value: _SAME.get(value, value) if isinstance(value, str) else value),
]


class DatasetConfig(FolderOptions, CaptionOptions):
    """[dataset]: the images, their captions and sizes."""

    TAB: ClassVar[str] = "dataset"
    GROUP: ClassVar[str] = "images"
    flip_aug: bool = opt(
        False,
        ("Mirror at random", "左右反転"),
        (
            "Mirror each sample half of the time; not for asymmetric subjects.",
            "半分の確率で左右反転して学習します。左右非対称な対象には不向きです。",
        ),
        level="advanced",
        scope="subset",
    )
    color_aug: bool = opt(
        False,
        ("Vary colours", "色合いを変える"),
        (
            "Vary hue or brightness slightly each time; not with cached latents.",
            "毎回色合いや明るさを微妙に変えて学習します。latentsのキャッシュとは併用できません。",
        ),
        level="advanced",
        scope="subset",
    )
    random_crop: bool = opt(
        False,
        ("Random crop", "ランダムな切り抜き"),
        (
            "Crop at a random position instead of the centre; not with cached latents.",
            "中央ではなくランダムな位置で切り抜きます。latentsのキャッシュとは併用できません。",
        ),
        level="advanced",
        scope="subset",
    )
    resize_interpolation: Interpolation = opt(
        "auto",
        ("Resizing", "リサイズの方法"),
        (
            "How images are resized to their bucket; all but nearest are smooth when shrinking.",
            "画像をバケットのサイズに合わせる方法。最近傍以外は縮小しても滑らかです。",
        ),
        level="expert",
        scope="subset",
    )
    alpha_mask: bool = opt(
        False,
        ("Transparency as loss mask", "透明部分をlossのマスクにする"),
        (
            "Transparent parts of an image count less in the loss, fully transparent ones not at all.",
            "画像の透明な部分のlossを小さくし、完全に透明な部分は学習しません。",
        ),
        level="advanced",
        scope="subset",
    )
    conditioning_data_dir: str | None = opt(
        None,
        ("Loss masks", "lossのマスク画像"),
        (
            "Folder with a mask for each image, of the same name and aspect ratio: white is trained, black is not.",
            "各画像と同じ名前・同じ縦横比のマスク画像のフォルダー。白い部分を学習し、黒い部分は学習しません。",
        ),
        level="advanced",
        path="folder",
        needs="train.masked_loss",
        on_resume="data",
        scope="subset only",
    )
    cache_latents: bool = opt(
        False,
        ("Cache latents", "latentsをキャッシュ"),
        (
            "Encode each image once and keep the latents in memory: faster, and the VAE leaves the GPU.",
            "各画像を一度だけVAEでlatentsに変換し、メモリに保持します。速くなり、GPUメモリも節約できます。",
        ),
        level="advanced",
        on_resume="rounding",
    )
    cache_latents_to_disk: bool = opt(
        False,
        ("Keep cached latents on disk", "latentsのキャッシュをディスクに残す"),
        (
            "Reused by later runs; recomputed when an image, its size or the VAE changes.",
            "次回以降の学習でも使います。画像・サイズ・VAEが変わると自動で作り直します。",
        ),
        level="advanced",
        on_resume="rounding",
    )
    vae_batch_size: int = opt(
        1,
        ("VAE batch size", "VAEのバッチサイズ"),
        ("Images encoded at once while caching.", "キャッシュ時に一度に変換する画像の枚数。"),
        level="expert",
        needs="dataset.cache_latents|dataset.cache_latents_to_disk",
        ge=1,
        le=256,
        on_resume="rounding",
    )
    skip_bad_images: bool = opt(
        False,
        ("Skip broken images", "壊れた画像を除外"),
        (
            "Train without images that can't be read and report which, instead of stopping.",
            "読み込めない画像があっても、停止せずにその画像を除いて学習し、どの画像かを知らせます。",
        ),
        level="advanced",
        personal=True,
        on_resume="data",
        sd_scripts="",
    )
