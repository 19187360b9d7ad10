"""Declarations of [save], [log] and [sample]: what a run leaves behind."""

from __future__ import annotations

from typing import Annotated, ClassVar

from core import catalog
from core.config.schema.option import MOST, Choice, Count, Lines, OnResume, Section, opt
from core.config.schema.save_metadata import MetadataOptions


class SaveOptions(Section):
    """What is kept, where and under which name."""

    GROUP: ClassVar[str] = "save"
    ON_RESUME: ClassVar[OnResume] = "free"
    output_dir: str = opt(
        "output",
        ("Output folder", "出力先フォルダー"),
        ("Where models, states and samples go.", "モデル・学習状態・サンプル画像の出力先。"),
        level="advanced",
        path="folder",
    )
    output_name: str | None = opt(
        None,
        ("Output name", "出力ファイル名"),
        (
            "Without extension. Empty: last.",
            "拡張子なし。空欄ならlastです。",
        ),
        personal=True,
    )
    save_model_as: Annotated[str, Choice(catalog.SAVE_FORMATS)] = opt(
        "auto",
        ("Save as", "保存形式"),
        (
            "Format of the saved model. LoRA: .safetensors or .ckpt.",
            "保存するモデルの形式。LoRAは.safetensorsか.ckptです。",
        ),
        level="advanced",
    )
    adapter_names: Annotated[str, Choice(catalog.ADAPTER_NAMES)] = opt(
        "kohya",
        ("Names in the adapter file", "アダプターファイル内の名前"),
        (
            "kohya: for nearly every program and every method; LoHa, LoKr, OFT and DoRA are named as by LyCORIS. Diffusers: for LoRA and DoRA of outputs; alpha stands in the metadata, where not every program looks for it, and ComfyUI leaves the attention layers of such a file out.",
            "kohya形式はほぼすべてのプログラムで読み込め、どの学習方法でも使えます（LoHa・LoKr・OFT・DoRAはLyCORISと同じ名前です）。Diffusers形式はLoRAと出力側のDoRA用です。alphaはメタデータに入るため、読み取らないプログラムもあります。ComfyUIはこの形式の注意層を読み込みません。",
        ),
        level="advanced",
        methods="lora dora loha lokr oft",
        sd_scripts="",
    )
    save_precision: Annotated[str, Choice(catalog.SAVE_PRECISIONS)] = opt(
        "auto",
        ("Precision of the file", "保存する精度"),
        (
            "auto keeps the precision of the training; fp16 halves the file.",
            "autoは学習時の精度のまま保存します。fp16にするとファイルサイズが半分になります。",
        ),
        level="advanced",
    )
    save_every_n_epochs: Count | None = opt(
        None,
        ("Save every n epochs", "nエポックごとに保存"),
        ("Empty: only at the end.", "空欄なら最後だけ保存します。"),
    )
    save_every_n_steps: Count | None = opt(
        None,
        ("Save every n steps", "nステップごとに保存"),
        ("Empty: only at the end.", "空欄なら最後だけ保存します。"),
        level="advanced",
    )
    save_last_n_epochs: Count | None = opt(
        None,
        ("Models to keep (epoch saves)", "残すモデルの数（エポックごとの保存）"),
        (
            "Older files of this run are deleted. Empty: all are kept.",
            "この学習で保存した、それより古いファイルを削除します。空欄ならすべて残します。",
        ),
        level="advanced",
        needs="save.save_every_n_epochs|save.save_n_epoch_ratio",
    )
    save_n_epoch_ratio: Count | None = opt(
        None,
        ("Saves over the whole run", "学習全体での保存回数"),
        (
            'Saves about this many times, evenly over the epochs; overrides "every n epochs".',
            "学習全体で、およそこの回数だけ均等に保存します。「nエポックごとに保存」より優先されます。",
        ),
        level="expert",
    )
    save_last_n_epochs_state: Count | None = opt(
        None,
        ("States to keep (epoch saves)", "残す学習状態の数（エポックごとの保存）"),
        (
            "Empty: as many as there are models.",
            "空欄ならモデルと同じ数を残します。",
        ),
        level="expert",
        needs="save.save_state save.save_every_n_epochs|save.save_n_epoch_ratio",
    )
    save_last_n_steps: Count | None = opt(
        None,
        ("Range of models to keep (step saves)", "モデルを残す範囲（ステップごとの保存）"),
        (
            "A number of steps, not of files: older step saves of this run are deleted. Empty: all are kept.",
            "残す範囲を、ファイル数ではなくステップ数で指定します。それより古いものは削除します。空欄ならすべて残します。",
        ),
        level="advanced",
        needs="save.save_every_n_steps",
    )
    save_last_n_steps_state: Count | None = opt(
        None,
        ("Range of states to keep (step saves)", "学習状態を残す範囲（ステップごとの保存）"),
        (
            "A number of steps. Empty: as for models.",
            "ステップ数で指定します。空欄ならモデルと同じ範囲を残します。",
        ),
        level="expert",
        needs="save.save_state save.save_every_n_steps",
    )
    save_best: bool = opt(
        False,
        ("Keep the best model", "最良のモデルを残す"),
        (
            "Saves the model as NAME-best whenever the validation loss reaches a new minimum, replacing the one before. Always on with early stopping.",
            "検証lossがそれまでの最小になるたびに「名前-best」を保存し、前のものと置き換えます。早期終了を使うときは必ず保存します。",
        ),
        level="advanced",
        needs="dataset.validation_split|dataset.dataset_config",
        sd_scripts="",
    )
    save_state: bool = opt(
        False,
        ("Save the training state too", "学習状態も保存"),
        (
            "With every save and at the end, so that training can resume exactly from there.",
            "モデルの保存のたびと学習の最後に、学習状態も保存します。そこから正確に再開できます。",
        ),
        level="advanced",
    )
    save_state_on_train_end: bool = opt(
        False,
        ("Save the training state at the end", "最後に学習状態を保存"),
        (
            "Only the last one, so that the run can be trained further later.",
            "最後の学習状態だけを保存します。後からステップを追加してさらに学習できます。",
        ),
        level="advanced",
    )
    autosave_minutes: int = opt(
        10,
        ("Keep a state every n minutes", "学習状態をn分ごとに保存"),
        (
            "Limits what a crash can lose: the newest two states are kept, and none after a finished run. 0: off.",
            "異常終了に備えて、最新2つの学習状態を残します（完了すると削除します）。0なら保存しません。",
        ),
        level="advanced",
        ge=0,
        le=MOST,
        personal=True,
        sd_scripts="",
    )
    resume: str | None = opt(
        None,
        ("Resume from state", "再開する学習状態"),
        (
            "A state folder; `auto` takes the newest complete one in the output folder.",
            "学習状態のフォルダー。autoなら、出力先フォルダーにある最新のものを使います。",
        ),
        level="advanced",
        path="folder",
    )
    resume_anyway: bool = opt(
        False,
        ("Resume with other settings or images", "設定や画像が変わっていても再開"),
        (
            "Resume from a state although options, images or the base model have changed since. The differences are reported, and the result is not exactly that of an uninterrupted run.",
            "学習状態の保存後に設定・画像・元モデルが変わっていても再開します。違いを表示して続けますが、中断せずに学習した場合の結果とは厳密には一致しません。",
        ),
        level="expert",
        needs="save.resume",
        personal=True,
        sd_scripts="",
    )


class SaveConfig(SaveOptions, MetadataOptions):
    """[save]: what is kept, where and under which name."""

    TAB: ClassVar[str] = "training"


class LogConfig(Section):
    """[log]: what is written while training."""

    TAB: ClassVar[str] = "training"
    ON_RESUME: ClassVar[OnResume] = "free"
    PERSONAL: ClassVar[bool] = True
    logging_dir: str | None = opt(
        None,
        ("TensorBoard folder", "TensorBoardのログフォルダー"),
        (
            "A folder named by date and time is made in it. Empty: no TensorBoard log.",
            "この中に日時のフォルダーを作って記録します。空欄なら記録しません。",
        ),
        level="advanced",
        path="folder",
    )
    log_prefix: str | None = opt(
        None,
        ("Log name prefix", "ログ名の前に付ける文字列"),
        ("Added before the date and time.", "フォルダー名の日時の前に付けます。"),
        level="advanced",
        needs="log.logging_dir",
    )
    log_every_n_steps: int = opt(
        10,
        ("Report every n steps", "nステップごとにlossを表示"),
        (
            "How often the loss is read from the GPU; reading it at every step slows a fast GPU down.",
            "lossを読み出す間隔。毎ステップ読み出すと、速いGPUでは学習が遅くなります。",
        ),
        level="expert",
        ge=1,
        le=1000,
        sd_scripts="",
    )


class SampleConfig(Section):
    """[sample]: images drawn while training."""

    TAB: ClassVar[str] = "training"
    ON_RESUME: ClassVar[OnResume] = "free"
    PERSONAL: ClassVar[bool] = True
    sample_prompts: Lines = opt(
        (),
        ("Sample prompts", "サンプル画像のプロンプト"),
        (
            "One per line, or a .txt, .toml or .json file of them. Options as in sd-scripts: `--w`, `--h`, `--d` seed, `--s` steps, `--l` cfg, `--n` negative, `--ss` sampler.",
            "1行に1つ、または.txt・.toml・.jsonファイル。sd-scriptsの書き方が使えます：`--w` 幅、`--h` 高さ、`--d` シード、`--s` ステップ数、`--l` CFG、`--n` ネガティブプロンプト、`--ss` サンプラー。",
        ),
    )
    sample_every_n_steps: Count | None = opt(
        None,
        ("Generate samples every n steps", "nステップごとにサンプル生成"),
        ("Empty: not by steps.", "空欄なら、ステップごとには生成しません。"),
    )
    sample_every_n_epochs: Count | None = opt(
        None,
        ("Generate samples every n epochs", "nエポックごとにサンプル生成"),
        ("Empty: not by epochs.", "空欄なら、エポックごとには生成しません。"),
        level="advanced",
    )
    sample_at_first: bool = opt(
        False,
        ("Generate samples before training", "学習前にもサンプル生成"),
        ("To compare before and after.", "学習前と学習後を比べられます。"),
        level="advanced",
    )
    sample_sampler: Annotated[str, Choice(catalog.SAMPLERS)] = opt(
        "ddim",
        ("Sampler", "サンプラー"),
        (
            "How the samples are generated; --ss in a prompt overrides it.",
            "サンプル画像の生成方法。プロンプトに--ssがあれば、そちらを使います。",
        ),
        level="advanced",
        families="sd1 sd2 sdxl",
    )
