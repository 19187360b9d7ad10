"""Declarations of [save], [log] and [sample]: what a run leaves behind."""

from __future__ import annotations

from typing import ClassVar, Literal

from core import catalog
from core.config.option import Lines, Section, opt
from core.config.schema_metadata import MetadataOptions


class SaveOptions(Section):
    """What is kept, where and under which name."""

    GROUP: ClassVar[str] = "save"
    output_dir: str = opt(
        "output",
        ("Output folder", "出力先フォルダ"),
        ("Where models, states and pictures go.", "モデル・学習状態・画像の出力先。"),
        path="folder",
        sd_scripts="output_dir",
        may_change_on_resume=True,
    )
    output_name: str | None = opt(
        None,
        ("Output name", "出力ファイル名"),
        ("Name of the result, without extension. Empty: last.", "結果の名前（拡張子なし）。空欄ならlast。"),
        sd_scripts="output_name",
        may_change_on_resume=True,
    )
    save_model_as: Literal["auto", "safetensors", "ckpt", "diffusers", "diffusers_safetensors"] = opt(
        "auto",
        ("Save as", "保存形式"),
        (
            "Format of the result. LoRA: .safetensors, or .ckpt.",
            "結果の形式。LoRAは.safetensors（または.ckpt）。",
        ),
        choices=catalog.SAVE_FORMATS,
        sd_scripts="save_model_as",
        may_change_on_resume=True,
    )
    save_precision: Literal["auto", "float", "fp16", "bf16"] = opt(
        "auto",
        ("Precision of the file", "保存する精度"),
        (
            "auto keeps what was trained; fp16 halves the file.",
            "autoは学習時の精度のまま。fp16にすると容量が半分になります。",
        ),
        choices=catalog.SAVE_PRECISIONS,
        sd_scripts="save_precision",
        may_change_on_resume=True,
    )
    save_every_n_epochs: int | None = opt(
        None,
        ("Save every n epochs", "nエポックごとに保存"),
        ("Empty: only at the end.", "空欄なら最後だけ保存します。"),
        sd_scripts="save_every_n_epochs",
        ge=1,
        may_change_on_resume=True,
    )
    save_every_n_steps: int | None = opt(
        None,
        ("Save every n steps", "nステップごとに保存"),
        ("Empty: only at the end.", "空欄なら最後だけ保存します。"),
        level="advanced",
        sd_scripts="save_every_n_steps",
        ge=1,
        may_change_on_resume=True,
    )
    save_last_n_epochs: int | None = opt(
        None,
        ("Keep the last n epoch saves", "残すエポック保存の数"),
        (
            "Older files of this run are deleted. Empty: all are kept.",
            "この学習で保存した古いファイルは削除します。空欄ならすべて残します。",
        ),
        level="advanced",
        needs="save.save_every_n_epochs|save.save_n_epoch_ratio",
        sd_scripts="save_last_n_epochs",
        ge=1,
        may_change_on_resume=True,
    )
    save_n_epoch_ratio: int | None = opt(
        None,
        ("Saves over the whole run", "学習全体での保存回数"),
        (
            'Saves about this many times, evenly over the epochs; wins over "every n epochs".',
            "エポックを均等に分けて、この回数ほど保存します。「nエポックごとに保存」より優先されます。",
        ),
        level="expert",
        sd_scripts="save_n_epoch_ratio",
        ge=1,
        may_change_on_resume=True,
    )
    save_last_n_epochs_state: int | None = opt(
        None,
        ("Keep the states of the last n epoch saves", "残すエポック保存の学習状態の数"),
        (
            "Empty: as many as models.",
            "空欄ならモデルと同じ数を残します。",
        ),
        level="expert",
        needs="save.save_state save.save_every_n_epochs|save.save_n_epoch_ratio",
        sd_scripts="save_last_n_epochs_state",
        ge=1,
        may_change_on_resume=True,
    )
    save_last_n_steps: int | None = opt(
        None,
        ("Keep step saves of the last n steps", "残すステップ保存の範囲（ステップ数）"),
        (
            "A number of steps, not of files: older step saves of this run are deleted. Empty: all are kept.",
            "ファイル数ではなくステップ数。これより古いステップ保存を削除します。空欄ならすべて残します。",
        ),
        level="advanced",
        needs="save.save_every_n_steps",
        sd_scripts="save_last_n_steps",
        ge=1,
        may_change_on_resume=True,
    )
    save_last_n_steps_state: int | None = opt(
        None,
        ("Keep states of the last n steps", "残すステップ保存の学習状態の範囲（ステップ数）"),
        (
            "A number of steps. Empty: as for models.",
            "ステップ数で指定します。空欄ならモデルと同じ範囲を残します。",
        ),
        level="expert",
        needs="save.save_state save.save_every_n_steps",
        sd_scripts="save_last_n_steps_state",
        ge=1,
        may_change_on_resume=True,
    )
    save_state: bool = opt(
        False,
        ("Save the training state too", "学習状態も保存"),
        (
            "With every save and at the end, so that training can go on exactly from there.",
            "保存のたびと最後に学習状態も保存し、そこから正確に再開できるようにします。",
        ),
        sd_scripts="save_state",
        may_change_on_resume=True,
    )
    save_state_on_train_end: bool = opt(
        False,
        ("Save the training state at the end", "最後に学習状態を保存"),
        (
            "Only the last one, so that more steps can be added later.",
            "最後の学習状態だけを保存し、後でステップを追加できるようにします。",
        ),
        level="advanced",
        sd_scripts="save_state_on_train_end",
        may_change_on_resume=True,
    )
    autosave_minutes: int = opt(
        10,
        ("Keep a state every n minutes", "学習状態をn分ごとに保存"),
        (
            "So that a crash loses little; the newest two are kept, and none after a finished run. 0: off.",
            "異常終了に備え最新2つの学習状態を残します（完了時に削除）。0なら保存しません。",
        ),
        level="advanced",
        ge=0,
        may_change_on_resume=True,
    )
    resume: str | None = opt(
        None,
        ("Resume from state", "学習を再開する状態"),
        (
            "A state folder; `auto` takes the newest complete one in the output folder.",
            "学習状態のフォルダ。autoなら出力先で最新のものを使います。",
        ),
        path="folder",
        sd_scripts="resume",
        may_change_on_resume=True,
    )


class SaveConfig(MetadataOptions, SaveOptions):
    """[save]: what is kept, where and under which name."""

    TAB: ClassVar[str] = "training"


class LogConfig(Section):
    """[log]: what is written while training."""

    TAB: ClassVar[str] = "training"
    logging_dir: str | None = opt(
        None,
        ("TensorBoard folder", "TensorBoardのログフォルダ"),
        (
            "A folder with the date and time is made in it. Empty: no TensorBoard log.",
            "この中に日時のフォルダを作って記録します。空欄なら記録しません。",
        ),
        level="advanced",
        path="folder",
        sd_scripts="logging_dir",
        may_change_on_resume=True,
    )
    log_prefix: str | None = opt(
        None,
        ("Log name prefix", "ログ名の前に付ける語"),
        ("Put before the date and time.", "日時の前に付けます。"),
        level="advanced",
        needs="log.logging_dir",
        sd_scripts="log_prefix",
        may_change_on_resume=True,
    )
    log_every_n_steps: int = opt(
        10,
        ("Report every n steps", "nステップごとに報告"),
        (
            "How often the loss is read back; reading it every step would slow a fast GPU down.",
            "lossを読み出す間隔。毎ステップ読み出すと高速なGPUでは遅くなります。",
        ),
        level="expert",
        ge=1,
        le=1000,
        may_change_on_resume=True,
    )


class SampleConfig(Section):
    """[sample]: pictures drawn while training."""

    TAB: ClassVar[str] = "training"
    sample_prompts: Lines = opt(
        (),
        ("Sample prompts", "サンプル画像のプロンプト"),
        (
            "One a line, or a .txt, .toml or .json file of them. Options as in sd-scripts: --w --h --d seed "
            "--s steps --l cfg --n negative --ss sampler.",
            "1行に1つ、または.txt・.toml・.jsonファイル。sd-scriptsの指定が使えます：--w --h --d シード "
            "--s ステップ --l CFG --n ネガティブ --ss サンプラー",
        ),
        sd_scripts="sample_prompts",
        may_change_on_resume=True,
    )
    sample_every_n_steps: int | None = opt(
        None,
        ("Sample every n steps", "nステップごとに生成"),
        ("Empty: not by steps.", "空欄ならステップごとには生成しません。"),
        sd_scripts="sample_every_n_steps",
        ge=1,
        may_change_on_resume=True,
    )
    sample_every_n_epochs: int | None = opt(
        None,
        ("Sample every n epochs", "nエポックごとに生成"),
        ("Empty: not by epochs.", "空欄ならエポックごとには生成しません。"),
        level="advanced",
        sd_scripts="sample_every_n_epochs",
        ge=1,
        may_change_on_resume=True,
    )
    sample_at_first: bool = opt(
        False,
        ("Sample before training", "学習前にも生成"),
        ("So that before and after can be compared.", "学習前後を比べられます。"),
        sd_scripts="sample_at_first",
        may_change_on_resume=True,
    )
    sample_sampler: Literal[
        "ddim",
        "pndm",
        "lms",
        "euler",
        "euler_a",
        "heun",
        "dpm_2",
        "dpm_2_a",
        "dpmsolver",
        "dpmsolver++",
        "dpmsingle",
    ] = opt(
        "ddim",
        ("Sampler", "サンプラー"),
        (
            "How the pictures are drawn; a prompt's --ss wins.",
            "画像生成の方法。プロンプトの--ss指定が優先します。",
        ),
        choices=catalog.SAMPLERS,
        level="advanced",
        sd_scripts="sample_sampler",
        may_change_on_resume=True,
    )
