"""Declarations of [network] on single blocks of the U-Net: their ranks and learning rates."""

from __future__ import annotations

from typing import ClassVar

from core.config.schema import block_lists
from core.config.schema.block_lists import Numbers, counts, counts_words
from core.config.schema.option import Level, Section, opt
from core.families import FAMILIES

_EVERY, _SIDE, _MIDDLE = (
    counts_words(counts(count, FAMILIES.values()))
    for count in (block_lists.every_block, block_lists.down_blocks, block_lists.middle_blocks)
)


class BlockOptions(Section):
    """Ranks and learning rates block by block, counted as Part.blocks and Part.sides say."""

    GROUP: ClassVar[str] = "blocks"
    LEVEL: ClassVar[Level] = "expert"
    METHODS: ClassVar[str] = "lora dora loha lokr oft"
    FAMILIES: ClassVar[str] = "sd1 sd2 sdxl"
    block_dims: Numbers | None = opt(
        None,
        ("Ranks of the blocks", "ブロックごとのランク"),
        (
            f"{_EVERY.en} numbers separated by commas; 0 skips a block. Empty: the rank above.",
            f"カンマ区切りで{_EVERY.ja}。0のブロックは学習しません。空欄なら上のランクを使います。",
            f"{_EVERY.of('zh')}，用逗号分隔；0表示不训练该块。留空：使用上面的rank。",
        ),
    )
    block_alphas: Numbers | None = opt(
        None,
        ("Alphas of the blocks", "ブロックごとのalpha"),
        (
            f"{_EVERY.en} numbers. Empty: the alpha above.",
            f"{_EVERY.ja}。空欄なら上のalphaを使います。",
            f"{_EVERY.of('zh')}。留空：使用上面的alpha。",
        ),
    )
    conv_block_dims: Numbers | None = opt(
        None,
        ("Ranks of the blocks' convolutions", "ブロックごとの畳み込み層のランク"),
        (
            f"{_EVERY.en} numbers. Empty: the rank of convolutions.",
            f"{_EVERY.ja}。空欄なら畳み込み層のランクを使います。",
            f"{_EVERY.of('zh')}。留空：使用卷积层的rank。",
        ),
    )
    conv_block_alphas: Numbers | None = opt(
        None,
        ("Alphas of the blocks' convolutions", "ブロックごとの畳み込み層のalpha"),
        (
            f"{_EVERY.en} numbers. Empty: the alpha of convolutions.",
            f"{_EVERY.ja}。空欄なら畳み込み層のalphaを使います。",
            f"{_EVERY.of('zh')}。留空：使用卷积层的alpha。",
        ),
        needs="network.conv_rank|network.conv_block_dims",
    )
    down_lr_weight: Numbers | None = opt(
        None,
        ("Learning rate factors, down blocks", "downブロックの学習率の倍率"),
        (
            f"{_SIDE.en} numbers, or cosine, sine, linear, reverse_linear, zeros, or cosine+.25. Empty: 1.",
            f"{_SIDE.ja}の数値、またはcosine・sine・linear・reverse_linear・zeros（cosine+.25も可）。空欄なら1です。",
            f"{_SIDE.of('zh')}个数值，或cosine、sine、linear、reverse_linear、zeros（也可写cosine+.25）。留空：1。",
        ),
    )
    mid_lr_weight: Numbers | None = opt(
        None,
        ("Learning rate factor, mid block", "midブロックの学習率の倍率"),
        (
            f"{_MIDDLE.en} numbers. Empty: 1.",
            f"{_MIDDLE.ja}の数値。空欄なら1です。",
            f"{_MIDDLE.of('zh')}个数值。留空：1。",
        ),
    )
    up_lr_weight: Numbers | None = opt(
        None,
        ("Learning rate factors, up blocks", "upブロックの学習率の倍率"),
        ("Written as for the down blocks.", "downブロックと同じ書き方です。"),
    )
    block_lr_zero_threshold: float = opt(
        0.0,
        ("Skip blocks up to this factor", "学習から除く倍率の上限"),
        (
            "A block whose learning-rate factor is this or less gets no adapter.",
            "学習率の倍率がこの値以下のブロックには追加ネットワークを付けません。",
        ),
        needs="network.down_lr_weight|network.mid_lr_weight|network.up_lr_weight",
        ge=0,
    )
