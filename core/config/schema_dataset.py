"""Declarations of [dataset]: the pictures, their captions and sizes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator

from core.config.option import Section, opt


def _resolution(value: object) -> object:
    """512, "512", "768,512" or [768, 512] -> (width, height); the rest is left for pydantic to refuse."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.replace("x", ",").split(",")]
        if all(part.isascii() and part.isdigit() for part in parts) and len(parts) <= 2:
            value = [int(part) for part in parts]
    if isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if isinstance(value, list | tuple) and len(value) == 1:
        value = [value[0], value[0]]
    return tuple(value) if isinstance(value, list) else value


Resolution = Annotated[tuple[int, int], BeforeValidator(_resolution)]


class DatasetConfig(Section):
    """[dataset]: the pictures, their captions and sizes."""

    TAB: ClassVar[str] = "dataset"
    train_data_dir: str = opt(
        "",
        ("Training pictures", "学習用画像"),
        (
            "Folder that holds the `N_identifier class` folders, such as `20_sls frog`.",
            "「20_sls frog」のような「繰り返し回数_identifier class」フォルダを入れたフォルダ。",
        ),
        path="folder",
        sd_scripts="train_data_dir",
    )
    reg_data_dir: str | None = opt(
        None,
        ("Regularization pictures", "正則化画像"),
        (
            "Folder with the `N_class` folders, such as `1_frog`. Keeps the class as it is; may be empty.",
            "「1_frog」のような「繰り返し回数_class」フォルダの親。class全体への影響を防ぎます。省略可。",
        ),
        path="folder",
        sd_scripts="reg_data_dir",
    )
    prior_loss_weight: float = opt(
        1.0,
        ("Weight of regularization", "正則化画像のlossの重み"),
        ("Loss weight of the regularization pictures; 1 is usual.", "正則化画像のlossの重み。通常は1.0。"),
        sd_scripts="prior_loss_weight",
        ge=0,
    )
    resolution: Resolution = opt(
        (512, 512),
        ("Resolution", "解像度"),
        (
            "Training size in pixels: one number, or width,height; multiples of 64.",
            "学習する画像サイズ（ピクセル）。数値ひとつ、または「幅,高さ」。64の倍数。",
        ),
        sd_scripts="resolution",
    )
    train_batch_size: int = opt(
        1,
        ("Batch size", "バッチサイズ"),
        ("Pictures in one step.", "1ステップで学習する画像の枚数。"),
        sd_scripts="train_batch_size",
        ge=1,
        le=1024,
    )
    enable_bucket: bool = opt(
        False,
        ("Aspect ratio buckets", "Aspect Ratio Bucketing"),
        (
            "Train pictures of different shapes, each at the closest of several sizes.",
            "縦横比の異なる画像を、いくつかの解像度から最も近いものを選んで学習します。",
        ),
        sd_scripts="enable_bucket",
    )
    min_bucket_reso: int = opt(
        256,
        ("Smallest bucket side", "bucketの最小サイズ"),
        ("In pixels.", "ピクセル単位。"),
        level="advanced",
        sd_scripts="min_bucket_reso",
        ge=64,
        le=8192,
    )
    max_bucket_reso: int = opt(
        1024,
        ("Largest bucket side", "bucketの最大サイズ"),
        ("In pixels.", "ピクセル単位。"),
        level="advanced",
        sd_scripts="max_bucket_reso",
        ge=64,
        le=8192,
    )
    bucket_reso_steps: int = opt(
        64,
        ("Bucket step", "bucketの刻み"),
        (
            "Sides of buckets are multiples of this many pixels.",
            "bucketの辺はこのピクセル数の倍数になります。",
        ),
        level="expert",
        sd_scripts="bucket_reso_steps",
        ge=64,
        multiple_of=64,
    )
    bucket_no_upscale: bool = opt(
        False,
        ("Never enlarge pictures", "画像を拡大しない"),
        (
            "Small pictures keep their size, cut to multiples of the bucket step.",
            "小さい画像は拡大せず、bucketの刻みに合わせて切り抜きます。",
        ),
        level="advanced",
        sd_scripts="bucket_no_upscale",
    )
    caption_extension: str = opt(
        ".caption",
        ("Caption file extension", "キャプションの拡張子"),
        (
            "A caption file has its picture's name and this extension (UTF-8); without one, .txt is read.",
            "画像と同じ名前でこの拡張子のファイル（UTF-8）。無い場合は.txtも読みます。",
        ),
        level="advanced",
        sd_scripts="caption_extension caption_extention",
    )
    shuffle_caption: bool = opt(
        False,
        ("Shuffle caption parts", "キャプションをシャッフル"),
        ("Shuffle the comma-separated parts each time.", "カンマ区切りの各部分を毎回シャッフルします。"),
        level="advanced",
        sd_scripts="shuffle_caption",
    )
    keep_tokens: int = opt(
        0,
        ("Keep first parts", "先頭を固定する数"),
        (
            "This many parts at the start are neither shuffled nor dropped.",
            "先頭からこの数の部分はシャッフルも除外もしません。",
        ),
        level="advanced",
        sd_scripts="keep_tokens",
        ge=0,
    )
    caption_separator: str = opt(
        ",",
        ("Caption separator", "キャプションの区切り"),
        ("What stands between the parts of a caption.", "キャプションの各部分の区切り文字。"),
        level="expert",
        sd_scripts="caption_separator",
    )
    caption_prefix: str | None = opt(
        None,
        ("Caption prefix", "キャプションの前に付ける語"),
        ("Put before every caption, with a space.", "すべてのキャプションの前に空白を挟んで付けます。"),
        level="advanced",
        sd_scripts="caption_prefix",
    )
    caption_suffix: str | None = opt(
        None,
        ("Caption suffix", "キャプションの後に付ける語"),
        ("Put after every caption, with a space.", "すべてのキャプションの後に空白を挟んで付けます。"),
        level="advanced",
        sd_scripts="caption_suffix",
    )
    caption_dropout_rate: float = opt(
        0.0,
        ("Caption dropout", "キャプションを空にする割合"),
        (
            "Share of samples trained with an empty caption, 0 to 1.",
            "空のキャプションで学習する割合（0〜1）。",
        ),
        level="advanced",
        sd_scripts="caption_dropout_rate",
        ge=0,
        le=1,
    )
    caption_tag_dropout_rate: float = opt(
        0.0,
        ("Caption part dropout", "タグを除外する割合"),
        (
            "Share of the comma-separated parts that is left out each time, 0 to 1.",
            "カンマ区切りの各部分を毎回除外する割合（0〜1）。",
        ),
        level="advanced",
        sd_scripts="caption_tag_dropout_rate",
        ge=0,
        le=1,
    )
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
        sd_scripts="cache_latents_to_disk",
    )
    vae_batch_size: int = opt(
        1,
        ("VAE batch size", "VAEのバッチサイズ"),
        ("Pictures encoded at once while caching.", "キャッシュ時に一度に変換する画像の枚数。"),
        level="expert",
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
