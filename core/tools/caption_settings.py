"""What captions are made by, and how they are written: the settings of the tool that captions images."""

from __future__ import annotations

from typing import Annotated

from core.captioners import known
from core.captioners.prompts import LENGTHS
from core.captioners.scores import Picking, thresholds_of
from core.captioners.tag_text import Writing, folded, listed, replacements_of
from core.catalog import Words
from core.config.schema.option import Choice, Section, Share, opt

EXISTING = {
    "skip": Words("leave it", "変更しない"),
    "append": Words("append what it lacks", "足りないものを追加"),
    "replace": Words("replace it", "置き換える"),
}
ORDERS = {
    "score": Words("highest score first", "スコアの高い順"),
    "people": Words("number of people, then score", "人数、次にスコアの高い順"),
    "name": Words("by name", "名前順"),
}
DEVICES = {
    "auto": Words("GPU where there is one", "GPU（あれば）"),
    "cpu": Words("CPU", "CPU"),
}


class CaptionSettings(Section):
    """Which images get captions from what, and how these are written."""

    source: str = opt(
        ...,
        ("Folder of images", "画像のフォルダー"),
        (
            "Images, or folders of them such as 20_sls frog.",
            "画像のフォルダー、または「20_sls frog」などを入れたフォルダー。",
        ),
        path="folder",
    )
    model: str = opt(
        known.DEFAULT,
        ("Model", "モデル"),
        (
            "A name of the Hugging Face Hub (downloaded once), or a folder.",
            "Hugging Face Hubの名前（初回にダウンロード）、またはフォルダー。",
        ),
    )
    existing: Annotated[str, Choice(EXISTING)] = opt(
        "skip",
        ("Where there is a caption", "すでにキャプションがあるとき"),
        ("Tags that are there are not repeated.", "すでにあるタグは重ねて書きません。"),
    )
    first: str = opt(
        "",
        ("Always first", "先頭に付けるタグ"),
        ("Such as the identifier; several with commas.", "identifierなど。複数はカンマ区切り。"),
    )
    caption_extension: str = opt(
        ".caption",
        ("Caption file extension", "キャプションの拡張子"),
        ("Of new files; an existing .txt is used.", "新しいファイルの拡張子。.txtがあればそちらに書きます。"),
        level="advanced",
    )
    device: Annotated[str, Choice(DEVICES)] = opt(
        "auto",
        ("Computed by", "計算に使うもの"),
        ("A captioner is very slow on a CPU.", "文章を書くモデルはCPUではとても遅くなります。"),
        level="advanced",
    )
    # Tags
    general: Share | None = opt(
        None,
        ("Threshold", "しきい値"),
        (
            "0 to 1; lower gives more tags. Empty: the model's own.",
            "0〜1。低いほどタグが増えます。空欄ならモデルの値。",
        ),
    )
    character: Share | None = opt(
        None,
        ("Threshold of characters", "キャラクターのしきい値"),
        ("Empty: the model's own.", "空欄ならモデルの値。"),
    )
    thresholds: str = opt(
        "",
        ("Thresholds of other categories", "他の分類のしきい値"),
        ("Such as copyright=0.6, artist=0.5.", "例：copyright=0.6, artist=0.5"),
        level="advanced",
    )
    categories: str = opt(
        "general, character",
        ("Categories", "分類"),
        (
            "Of the tags that are written; also copyright, artist, meta, rating, quality.",
            "書き込むタグの分類。他にcopyright、artist、meta、rating、qualityがあります。",
        ),
        level="advanced",
    )
    mcut: bool = opt(
        False,
        ("Thresholds chosen for each image", "しきい値を画像ごとに自動で決める"),
        (
            "By the largest gap between the scores (MCut).",
            "スコアの差が最も大きいところで区切ります（MCut）。",
        ),
        level="advanced",
    )
    drop: str = opt(
        "",
        ("Never write", "書き込まないタグ"),
        (
            "With commas; case and underscores make no difference.",
            "カンマ区切り。大文字・小文字や_は区別しません。",
        ),
    )
    replace: str = opt(
        "",
        ("Replace", "置き換え"),
        ("Old, new; pairs with semicolons: `a,b;c,d`.", "「元,新」の組をセミコロンで区切ります：`a,b;c,d`"),
    )
    order: Annotated[str, Choice(ORDERS)] = opt(
        "score", ("Order", "並び順"), ("Of the tags.", "タグの順番。"), level="advanced"
    )
    characters_first: bool = opt(
        False,
        ("Characters first", "キャラクターを先に"),
        ("Their names before the other tags.", "キャラクター名を他のタグより前に書きます。"),
        level="advanced",
    )
    drop_general: bool = opt(
        False,
        ("Drop tags that another one contains", "他のタグに含まれるタグを除く"),
        ("No hair beside long hair.", "long hairがあればhairは書きません。"),
        level="advanced",
    )
    split_series: bool = opt(
        False,
        ("Split characters and series", "キャラクター名と作品名を分ける"),
        (
            "Two tags of `saber_(fate)`: saber, fate.",
            "`saber_(fate)`をsaberとfateの2つのタグにします。",
        ),
        level="advanced",
    )
    keep_underscores: bool = opt(
        False,
        ("Keep underscores", "_を残す"),
        (
            "Otherwise they become spaces, but in faces such as ^_^.",
            "残さないときは空白にします（^_^などの顔文字を除く）。",
        ),
        level="advanced",
    )
    escape: bool = opt(
        False,
        ("Escape brackets", "括弧をエスケープ"),
        (
            r"Writes \( and \), as prompts of some programs need.",
            r"一部の生成ソフトのプロンプトのように\(と\)で書きます。",
        ),
        level="advanced",
    )
    # Sentences
    length: Annotated[str, Choice(LENGTHS)] = opt(
        "medium", ("Length", "長さ"), ("Of the caption.", "キャプションの長さ。")
    )
    prompt: str = opt(
        "",
        ("Prompt", "モデルへの指示"),
        (
            "What the model is asked. Empty: its usual one for this length. `{caption}` stands for the "
            "caption that is there, such as a tagger's tags: replace it, or append.",
            "空欄なら長さに応じた標準の指示。`{caption}`は今あるキャプション（タガーのタグなど）に置き換わります"
            "（「置き換える」か「追加」で使います）。",
        ),
    )
    tokens: int = opt(
        256,
        ("Most tokens", "最大トークン数"),
        ("A longer answer is cut at its last sentence.", "超えた分は文の終わりで切ります。"),
        level="advanced",
        ge=8,
        le=2048,
    )
    temperature: float | None = opt(
        None,
        ("Temperature", "temperature"),
        ("0: the likeliest words. Empty: the model's own.", "0なら最も確からしい語。空欄ならモデルの値。"),
        level="advanced",
        ge=0,
        le=2,
    )
    seed: int = opt(
        0,
        ("Seed", "シード"),
        (
            "Another one gives other sentences, above temperature 0.",
            "temperatureが0より大きいとき、文が変わります。",
        ),
        level="advanced",
        ge=0,
        lt=2**32,
    )
    side: int = opt(
        768,
        ("Longest side", "長辺の最大"),
        ("Pixels that a Qwen-VL model sees.", "Qwen-VLに渡す画像の長辺のピクセル数。"),
        level="advanced",
        ge=64,
        le=4096,
    )
    batch: int = opt(
        8,
        ("Batch size", "バッチサイズ"),
        ("Images that are tagged at once.", "同時にタグ付けする枚数。"),
        level="advanced",
        ge=1,
        le=256,
    )
    workspace: str = opt(
        "workspace",
        ("Workspace", "ワークスペース"),
        (
            "Where the change is recorded, so that the window can undo it.",
            "変更を記録するフォルダー。ウィンドウで元に戻せます。",
        ),
        level="advanced",
        path="folder",
    )


TAGS = (
    *("general", "character", "thresholds", "categories", "mcut", "drop", "replace", "order"),
    *("characters_first", "drop_general", "split_series", "keep_underscores", "escape", "batch"),
)
"""Options of taggers alone."""
SENTENCES = ("length", "prompt", "tokens", "temperature", "seed", "side")
"""Options of captioners alone."""


def picking_of(settings: CaptionSettings) -> Picking:
    """Which tags are taken. Raises UserError."""
    thresholds = thresholds_of(settings.thresholds)
    for name in ("general", "character"):
        stated = getattr(settings, name)
        if stated is not None:
            thresholds[name] = stated
    categories = tuple(dict.fromkeys(name.lower() for name in listed(settings.categories)))
    return Picking(thresholds, categories, settings.mcut)


def writing_of(settings: CaptionSettings) -> Writing:
    """How tags are written. Raises UserError."""
    return Writing(
        keeps_underscores=settings.keep_underscores,
        escapes=settings.escape,
        dropped=frozenset(folded(tag) for tag in listed(settings.drop)),
        replaced=replacements_of(settings.replace),
        first=listed(settings.first),
        characters_first=settings.characters_first,
        drops_general=settings.drop_general,
        splits_series=settings.split_series,
        order=settings.order,
    )
