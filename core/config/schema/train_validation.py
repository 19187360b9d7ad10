"""Declarations of [train], third part: when the pictures held out are looked at."""

from __future__ import annotations

from typing import ClassVar

from core.config.schema.option import MOST, Section, opt


class ValidationOptions(Section):
    """When the loss of the pictures held out is measured. Which these are: dataset.validation_split."""

    GROUP: ClassVar[str] = "loss"

    validate_every_n_steps: int | None = opt(
        None,
        ("Validate every n steps", "nステップごとに検証"),
        (
            "Measures the loss of the pictures held out, on fixed noise and timesteps. "
            "With no interval at all: after every epoch. Always at the end.",
            "検証用に取り分けた画像のlossを、固定のノイズとtimestepで測ります。"
            "ステップ・エポックとも空欄なら1エポックごと。学習の最後には必ず測ります。",
        ),
        level="advanced",
        ge=1,
        le=MOST,
        on_resume="free",
    )
    validate_every_n_epochs: int | None = opt(
        None,
        ("Validate every n epochs", "nエポックごとに検証"),
        (
            "As above, counted in epochs; both may be given.",
            "同じく、エポックで数えた間隔です。両方指定できます。",
        ),
        level="advanced",
        ge=1,
        le=MOST,
        on_resume="free",
    )
    max_validation_steps: int | None = opt(
        None,
        ("Batches of a validation", "1回の検証で使うバッチ数"),
        (
            "Looks at the first so many batches of the pictures held out only; empty: at all of them.",
            "検証用の画像のうち、先頭からこのバッチ数だけを使います。空欄ならすべて使います。",
        ),
        level="expert",
        ge=1,
        le=MOST,
        on_resume="free",
    )
