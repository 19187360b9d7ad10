"""[train] as a whole: its length and rates, its noise and loss, and here when it is validated."""

from __future__ import annotations

from typing import ClassVar

from core.catalog import Role
from core.config.schema import block_lists
from core.config.schema.option import MOST, Count, opt
from core.config.schema.train_loss import LossOptions, NoiseOptions
from core.config.schema.train_prior import PriorOptions
from core.config.schema.train_steps import StepOptions
from core.families import Part


class TrainConfig(StepOptions, NoiseOptions, LossOptions, PriorOptions):
    """[train]: how long, how strongly and by which loss."""

    TAB: ClassVar[str] = "training"
    GROUP: ClassVar[str] = "loss"

    validate_every_n_steps: int | None = opt(
        None,
        ("Validate every n steps", "nステップごとに検証"),
        (
            "Measures the loss of the validation images, on fixed noise and timesteps. With neither interval set: after every epoch. Always at the end.",
            "検証用に取り分けた画像のlossを、固定のノイズとtimestepで測ります。ステップ・エポックとも空欄なら1エポックごと。学習の最後には必ず測ります。",
        ),
        level="advanced",
        ge=1,
        le=MOST,
        on_resume="free",
    )
    validate_every_n_epochs: Count | None = opt(
        None,
        ("Validate every n epochs", "nエポックごとに検証"),
        (
            "As above, counted in epochs; both may be given.",
            "同じく、エポックで数えた間隔です。両方指定できます。",
        ),
        level="advanced",
        on_resume="free",
    )
    max_validation_steps: Count | None = opt(
        None,
        ("Batches per validation", "1回の検証で使うバッチ数"),
        (
            "Uses only this many batches of the validation images. Empty: all.",
            "検証用の画像のうち、先頭からこのバッチ数だけを使います。空欄ならすべて使います。",
        ),
        level="expert",
        on_resume="free",
    )

    early_stopping_patience: Count | None = opt(
        None,
        ("Stop after n validations without improvement", "n回の検証で改善がなければ終了"),
        (
            "Ends the run when the validation loss has not improved in this many validations in a row; the best model is kept as NAME-best. Empty: off.",
            "検証lossがこの回数続けて改善しなければ、学習を終了します。最良のモデルは「名前-best」として残ります。空欄なら最後のステップまで学習します。",
        ),
        level="advanced",
        needs="dataset.validation_split|dataset.dataset_config",
        on_resume="free",
        sd_scripts="",
    )

    def rates(self) -> dict[Role, float]:
        """Learning rate of the parts of each role that are trained at all, the denoiser first.

        Of several text encoders the largest; `rate_of` tells that of each.
        """
        own: dict[Role, float | None] = {"denoiser": self.unet_lr, "text": self.text_encoder_lr}
        rates = {role: self.learning_rate if rate is None else rate for role, rate in own.items()}
        rates["text"] = max(rates["text"], self.text_encoder_2_lr or 0.0)
        if self.stop_text_encoder_training is not None and self.stop_text_encoder_training <= 0:
            rates["text"] = 0.0
        return {role: rate for role, rate in rates.items() if rate > 0}

    def rate_of(self, part: Part) -> float:
        """Learning rate of a part of a model; 0: it is not trained."""
        rates = self.rates()
        if part.role not in rates:
            return 0.0
        given = (getattr(self, name) for name in part.rates)
        return float(next((rate for rate in given if rate is not None), rates[part.role]))

    def rate_at(self, part: Part, path: str) -> float:
        """Learning rate of a part's own weight: with block_lr that of its block; 0: it is not trained."""
        rate = self.rate_of(part)
        if not rate or self.block_lr is None or not any(part.sides):
            return rate
        return block_lists.numbers(self.block_lr)[part.block_of(path)]
