"""Declarations of [embedding]: a word that is taught as vectors of its own (textual inversion)."""

from __future__ import annotations

from typing import ClassVar

from core.config.schema.option import MOST, Factor, Level, Section, StepsOrShare, opt

_TOGETHER = "lora dora loha lokr oft"
"""Methods that a word may be taught together with (pivotal tuning)."""


class EmbeddingConfig(Section):
    """[embedding]: the word, what it starts from and how fast it learns."""

    TAB: ClassVar[str] = "lora"
    GROUP: ClassVar[str] = "embedding"
    LEVEL: ClassVar[Level] = "advanced"
    METHODS: ClassVar[str] = f"{_TOGETHER} embedding"

    token_string: str = opt(
        "",
        ("New word", "新しい単語"),
        (
            "A word without blanks that the model does not know, such as frg-dog; the captions contain it, and it is taught as vectors of its own (textual inversion). With a LoRA both are trained together (pivotal tuning). Empty: none.",
            "モデルが知らない、空白を含まない単語（frg-dogなど）。キャプションに書いておくと、専用のベクトルとして学習します（Textual Inversion）。LoRAと併用すると両方を同時に学習します（pivotal tuning）。空欄なら使いません。",
        ),
    )
    init_word: str | None = opt(
        None,
        ("Starts from", "初期値にする語"),
        (
            "A known word near in meaning, such as dog. Its tokens are shared out over the vectors, repeated where they are fewer, averaged where they are more. Empty: random vectors.",
            "意味の近い既知の語（dogなど）。そのトークンをベクトルに順に割り当て、足りなければ繰り返し、多ければ平均します。空欄ならランダムに始めます。",
        ),
        needs="embedding.token_string",
    )
    num_vectors_per_token: int = opt(
        1,
        ("Vectors", "ベクトル数"),
        (
            "How many vectors the word has; it takes as many tokens of every caption and prompt. Typical: 1 to 8.",
            "1語あたりのベクトル数。キャプションとプロンプトで同じ数のトークンを使います。通常は1〜8です。",
        ),
        needs="embedding.token_string",
        ge=1,
        le=75,
    )
    embedding_lr: Factor = opt(
        1e-3,
        ("Learning rate of the word", "単語の学習率"),
        (
            "Of the vectors alone; the other rates are for the model or the LoRA. Typical: 5e-4 to 5e-3. An optimizer that finds its rate itself uses one for all.",
            "ベクトルだけの学習率（ほかの学習率はモデルやLoRA用）。通常は5e-4〜5e-3。学習率を自動で決めるoptimizerでは共通の値になります。",
        ),
        needs="embedding.token_string",
        sd_scripts="",
    )
    keep_norm: bool = opt(
        True,
        ("Keep the usual length", "ベクトルの長さを保つ"),
        (
            "After every step each vector is scaled to the mean length of the known tokens' vectors, so that the word does not drown the rest of a prompt.",
            "毎ステップ、各ベクトルを既知のトークンの平均の長さに揃えます。単語がプロンプトのほかの部分を圧倒するのを防ぎます。",
        ),
        needs="embedding.token_string",
        sd_scripts="",
    )
    stop_embedding_training: StepsOrShare | None = opt(
        None,
        ("Stop the word after", "単語の学習を終える時点"),
        (
            "Steps, or a share such as 50%, after which the vectors stay as they are and the LoRA learns on. When the text encoder stops, the word does too. Empty: never.",
            "このステップ数（または50%などの割合）でベクトルの学習を終え、LoRAだけを学習し続けます。Text Encoderの学習を終えると単語も終わります。空欄なら最後まで学習します。",
        ),
        methods=_TOGETHER,
        needs="embedding.token_string",
        sd_scripts="",
        gt=0,
        le=MOST,
    )
    weights: str | None = opt(
        None,
        ("Embedding to train further", "さらに学習するembedding"),
        (
            "An embedding file (.safetensors, .pt, .bin) with as many vectors as set here, to start from in place of a word.",
            "学習の元にするembeddingファイル（.safetensors・.pt・.bin）。ベクトル数はここでの設定と同じでなければなりません。",
        ),
        needs="embedding.token_string",
        path="file",
    )
