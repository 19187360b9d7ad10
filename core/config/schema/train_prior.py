"""Declarations of [train]: the frozen model's own predictions as targets, so that an adapter keeps the rest."""

from __future__ import annotations

from typing import ClassVar

from core.config.schema.option import LARGEST_FACTOR, Level, Section, Share, opt


class PriorOptions(Section):
    """What the model without its adapter predicts, and where that is what the adapter is to leave alone."""

    GROUP: ClassVar[str] = "prior"
    LEVEL: ClassVar[Level] = "advanced"
    METHODS: ClassVar[str] = "lora dora loha lokr oft"

    prior_prediction: bool = opt(
        False,
        ("Prior prediction", "正則化画像では学習前の予測を正解にする"),
        (
            "The target of regularization images is what the model predicts for them without the adapter, instead of the images. So any images of the class will do, even the training images in a folder named after the class. One more pass, without gradients, for each of them.",
            "正則化画像の正解を、画像そのものではなく、アダプターなしのモデルの予測にします。クラスの画像なら何でもよく、学習用画像をクラス名のフォルダーに入れて使うこともできます。正則化画像1枚ごとに、勾配なしの計算が1回増えます。",
        ),
        needs="dataset.reg_data_dir|dataset.dataset_config",
        sd_scripts="",
    )
    masked_prior_weight: Share = opt(
        0.0,
        ("Prior outside the mask", "マスク外を学習前の予測に近づける"),
        (
            "Outside the mask, pull towards what the model predicts without the adapter, with this weight, 0 to 1. 0: off. One more pass, without gradients, for images with a mask.",
            "マスクの外側では、アダプターなしのモデルの予測に近づけます。その重み（0〜1、0なら使いません）。マスクのある画像では、勾配なしの計算が1回増えます。",
        ),
        needs="train.masked_loss|dataset.alpha_mask|dataset.dataset_config",
        sd_scripts="",
    )
    class_prior_weight: float = opt(
        0.0,
        ("Class prior", "クラスを学習前の予測に近づける"),
        (
            "Keeps the class without regularization images: for each image, the caption with the class in place of the identifier must go on giving what the model predicts without the adapter. Typical: 1. 0: off. Two more passes: a step takes more than twice as long and no more memory.",
            "正則化画像なしでクラスを保ちます。画像ごとに、識別語をクラスに置き換えたキャプションでの予測を、アダプターなしのモデルの予測に近づけます。通常は1、0なら使いません。計算が2回増え、1ステップの時間が2倍強になります（メモリはほぼ増えません）。",
        ),
        ge=0,
        le=LARGEST_FACTOR,
        sd_scripts="",
    )
    class_prior_identifier: str | None = opt(
        None,
        ("Identifier to take out", "置き換える識別語"),
        (
            "The word that captions lose. Empty: the first word of each `N_identifier class` folder.",
            "キャプションから取り除く語。空欄なら、「繰り返し回数_識別語 クラス」フォルダーの最初の語です。",
        ),
        needs="train.class_prior_weight",
        sd_scripts="",
    )
    class_prior_class: str | None = opt(
        None,
        ("Class to keep", "保つクラス"),
        (
            "Stands in place of the identifier where a caption does not name the class. Empty: the other words of the folder.",
            "キャプションにクラスの語がないとき、識別語の代わりに入れます。空欄なら、フォルダー名の残りの語です。",
        ),
        needs="train.class_prior_weight",
        sd_scripts="",
    )

    @property
    def has_prior(self) -> bool:
        """Whether the frozen model predicts anything."""
        return self.prior_prediction or self.masked_prior_weight > 0 or self.class_prior_weight > 0
