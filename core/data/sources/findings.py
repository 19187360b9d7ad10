"""What a survey of the data set may find, as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.catalog import Size, Words
from core.config.schema.dataset import DatasetConfig
from core.counting import counted, of_all
from core.data.buckets import Fit
from core.data.records import PlannedImage
from core.errors import Problem, plain_problem

SHOWN = 10
"""Names listed in one sentence, before the rest is only counted."""

NAMED = 5
"""Names in a sentence that has more to say."""

FEW = 2
"""Notices of one kind that are said one by one."""


def listed(names: Sequence[str], limit: int = SHOWN) -> Words:
    """The names in a row, the rest counted: "a.png, b.png and 3 more"."""
    shown = ", ".join(names[:limit])
    more = len(names) - limit
    return Words(f"{shown} and {more} more", f"{shown} ほか{more}個") if more > 0 else Words(shown, shown)


def condensed(notices: Sequence[Problem]) -> tuple[Problem, ...]:
    """The notices; those of a kind about many files are one that names them; no kind has more than SHOWN."""
    kinds: dict[str, list[Problem]] = {}
    for notice in notices:
        kinds.setdefault(notice.code, []).append(notice)
    result: list[Problem] = []
    for same in kinds.values():
        if len(same) <= FEW:
            result += same
        elif all(notice.path for notice in same):
            result.append(_together(same))
        else:
            result += same[:SHOWN]
            result += [_more(same[0], len(same) - SHOWN)] if same[SHOWN:] else []
    return tuple(result)


def _more(notice: Problem, count: int) -> Problem:
    en, ja = f"the same for {count} more.", f"同様のものがほかに{count}個あります。"
    return plain_problem(notice.code, en, ja, notice.key)


def _together(same: Sequence[Problem]) -> Problem:
    first, more = same[0], len(same) - 1
    names = listed([Path(notice.path).name for notice in same[1:]], NAMED)
    return first.reworded(
        f"{first.en} The same for {more} more: {names.en}.",
        f"{first.ja}同様のものがほかに{more}個あります：{names.ja}。",
    )


def no_folder_given() -> Problem:
    """No training folder at all."""
    return plain_problem(
        "E-DIR-MISSING",
        "no folder of training pictures is given. Choose the one that holds `20_sls frog` or the like.",
        "学習用画像のフォルダが未指定です。「20_sls frog」などを入れた親フォルダを指定してください。",
        key="dataset.train_data_dir",
    )


def same_parent(parent: Path) -> Problem:
    """Training and regularization pictures from one folder."""
    return plain_problem(
        "E-DIR-SAME",
        f"training and regularization pictures are the same folder, {parent}. "
        "Choose another one for regularization, or none.",
        f"学習用画像と正則化画像が同じフォルダ（{parent}）です。"
        "正則化画像には別のフォルダを指定するか、空欄にしてください。",
        key="dataset.reg_data_dir",
        path=str(parent),
    )


def left_out(used: int, all_: int) -> Problem:
    """With skip_bad_images: how many pictures remain."""
    return plain_problem(
        "W-IMG-SKIPPED",
        f"{of_all(used, all_, 'picture', 'is', 'are')} used; the others can't be.",
        f"画像{all_}枚のうち{used}枚を使用します。残りは使用できません。",
    )


def wrong_sizes(images: Sequence[PlannedImage], config: DatasetConfig) -> Problem:
    """Without buckets, pictures of another size than the resolution."""
    width, height = config.resolution
    names = listed(
        [f"{i.path.parent.name}/{i.path.name} ({i.size.width}x{i.size.height})" for i in images], 5
    )
    count = len(images)
    return plain_problem(
        "E-IMG-SIZE",
        f"without buckets every picture must be {width}x{height} pixels, and {count} "
        f"{'is' if count == 1 else 'are'} not: {names.en}. Turn on dataset.enable_bucket, or resize them "
        "(Tools, or `python -m core tools resize`).",
        f"バケットを使わない場合、画像はすべて{width}x{height}ピクセルである必要がありますが、"
        f"{count}枚のサイズが異なります：{names.ja}。dataset.enable_bucketをオンにするか、"
        "リサイズしてください（「ツール」または`python -m core tools resize`）。",
        key="dataset.resolution",
    )


def no_bucket(path: Path, size: Size, fit: Fit | None, config: DatasetConfig) -> Problem:
    """A picture too small or too narrow to be trained with the buckets there are."""
    ratio = max(size) / min(size)
    if fit is None and ratio <= 16:
        step = config.bucket_reso_steps
        return plain_problem(
            "E-IMG-SMALL",
            f"the picture {path} is {size.width}x{size.height}; with bucket_no_upscale no side may be "
            f"below {step}. Turn bucket_no_upscale off, or leave the picture out.",
            f"画像 {path} は{size.width}x{size.height}です。bucket_no_upscaleでは各辺が{step}以上必要です。"
            "bucket_no_upscaleをオフにするか、この画像を除いてください。",
            path=str(path),
        )
    kept = 0 if fit is None else fit.kept
    return plain_problem(
        "E-IMG-ASPECT",
        f"the picture {path} is {size.width}x{size.height}, one side {ratio:.0f} times the other: "
        f"{kept:.0%} of it would be trained. Cut it to a shape closer to a square.",
        f"画像 {path} は{size.width}x{size.height}で、一辺が他方の{ratio:.0f}倍あり、"
        f"学習されるのは{kept:.0%}だけです。"
        "正方形に近い形に切り抜いてください。",
        path=str(path),
    )


def much_cut(images: Sequence[PlannedImage], all_: int) -> Problem:
    """Pictures that fit their buckets badly, out of all that have some."""
    worst = sorted(images, key=lambda image: image.fit.kept)
    if len(worst) == 1:
        path, fit = worst[0].path, worst[0].fit
        cut, bucket = 1 - fit.kept, f"{fit.bucket.width}x{fit.bucket.height}"
        return plain_problem(
            "W-IMG-CUT",
            f"`{path.name}` loses {cut:.0%} at its edges to fit {bucket}.",
            f"「{path.name}」は{bucket}に合わせるため、端の{cut:.0%}が切り取られます。",
            path=str(path),
        )
    names = listed([f"{image.path.name} ({1 - image.fit.kept:.0%})" for image in worst], NAMED)
    return plain_problem(
        "W-IMG-CUT",
        f"{of_all(len(worst), all_, 'picture', 'loses', 'lose')} more than a quarter at their edges to fit "
        f"their sizes: {names.en}. The preview and `plan` show what is cut off.",
        f"画像{all_}枚のうち{len(worst)}枚は、学習サイズに合わせるため端の4分の1以上が切り取られます：{names.ja}。"
        "切り取られる部分はプレビューとplanで確認できます。",
    )


def much_enlarged(images: Sequence[PlannedImage], all_: int) -> Problem:
    """Pictures far smaller than their buckets, out of all that have some."""
    worst = sorted(images, key=lambda image: -image.fit.enlargement(image.size))
    if len(worst) == 1:
        path, size = worst[0].path, worst[0].size
        times = worst[0].fit.enlargement(size)
        return plain_problem(
            "W-IMG-SMALL",
            f"`{path.name}` ({size[0]}x{size[1]}) is enlarged {times:.1f} times and will look blurred.",
            f"「{path.name}」（{size[0]}x{size[1]}）は{times:.1f}倍に拡大されるため、ぼやけます。",
            path=str(path),
        )
    described = (
        f"{image.path.name} ({image.size[0]}x{image.size[1]}, x{image.fit.enlargement(image.size):.1f})"
        for image in worst
    )
    names = listed([*described], NAMED)
    return plain_problem(
        "W-IMG-SMALL",
        f"{of_all(len(worst), all_, 'picture', 'is', 'are')} enlarged more than twice and will look "
        f"blurred: {names.en}.",
        f"画像{all_}枚のうち{len(worst)}枚は2倍以上に拡大されるため、ぼやけます：{names.ja}。",
    )


def opaque(paths: Sequence[Path], all_: int) -> Problem:
    """With alpha_mask, pictures that have no transparency."""
    names = listed([path.name for path in paths])
    level = "W" if len(paths) == all_ else "I"
    return plain_problem(
        f"{level}-MASK-OPAQUE",
        f"{of_all(len(paths), all_, 'picture', 'has', 'have')} no transparency, so alpha_mask changes "
        f"nothing there: {names.en}.",
        f"画像{all_}枚のうち{len(paths)}枚は透明部分がないため、alpha_maskの効果がありません：{names.ja}。",
        key="dataset.alpha_mask",
    )


def idle_sizes(file: Path) -> Problem:
    """train_resolution without buckets."""
    return plain_problem(
        "W-META-SIZES",
        "train_resolution in the metadata has no effect without enable_bucket.",
        "メタデータのtrain_resolutionは、enable_bucketがオフの場合は使われません。",
        path=str(file),
    )


def none_usable() -> Problem:
    """Nothing is left to train on."""
    return plain_problem(
        "E-DIR-EMPTY",
        "none of the training pictures can be used.",
        "使用できる学習用画像が1枚もありません。",
        key="dataset.train_data_dir",
    )


def all_held_out(pictures: int) -> Problem:
    """Validation takes every picture."""
    return plain_problem(
        "E-VAL-ALL",
        f"every one of {counted(pictures, 'training picture')} is held out for validation; "
        "lower validation_split below 1.",
        f"学習用画像{pictures}枚がすべて検証用になり、学習する画像がありません。"
        "validation_splitを1より小さくしてください。",
        key="dataset.validation_split",
    )


def held_out_copies(pictures: int) -> Problem:
    """Pictures of a data set without validation that are validated in another."""
    return plain_problem(
        "I-VAL-COPIES",
        f"{counted(pictures, 'picture')} of subsets without validation_split: held out too, since another "
        "subset validates the same. What is trained is never validated.",
        f"validation_splitのないsubsetの画像{pictures}枚も、別のsubsetの検証用画像と同じため学習しません。",
    )


def none_held_out(share: float) -> Problem:
    """Folders too small for the share of validation."""
    return plain_problem(
        "W-VAL-NONE",
        f"validation_split = {share:g} of so few pictures is none, so nothing is validated; raise it.",
        f"validation_split = {share:g}では検証用の画像が1枚も選ばれません。値を大きくしてください。",
        key="dataset.validation_split",
    )


def too_many(samples: int, limit: int) -> Problem:
    """Repeats far beyond reason."""
    return plain_problem(
        "E-DIR-COUNT",
        f"an epoch would have {samples:,} samples; the limit is {limit:,}. Lower the folders' repeats.",
        f"1エポックが{samples:,}サンプルになります（上限{limit:,}）。フォルダ名の繰り返し回数を減らしてください。",
        key="dataset.train_data_dir",
    )


def rounded_range(config: DatasetConfig, smallest: int, largest: int) -> Problem:
    """Bucket limits that are off the step."""
    step = config.bucket_reso_steps
    return plain_problem(
        "W-BUCKET-RANGE",
        f"bucket sides go from {smallest} to {largest}: the limits {config.min_bucket_reso} and "
        f"{config.max_bucket_reso} are not multiples of {step}.",
        f"バケットの辺は{smallest}〜{largest}になります"
        f"（{config.min_bucket_reso}・{config.max_bucket_reso}は{step}の倍数ではないため）。",
        key="dataset.min_bucket_reso",
    )


def reg_surplus(train: int, reg: int, spare: Sequence[str], never: Sequence[str]) -> Problem:
    """More regularization than training samples. spare: not in the first epoch; never: in no epoch."""
    names, rest = listed(spare), listed(never)
    en = (
        f"the regularization pictures x repeats ({reg}) are more than the training pictures x repeats "
        f"({train}): an epoch uses {train} of them, and the others take turns in the next epochs. "
        f"Not in the first: {names.en}."
    )
    ja = (
        f"正則化画像×繰り返し回数（{reg}）が学習用画像×繰り返し回数（{train}）より多いため、"
        f"1エポックに{train}枚を使用し、残りは次以降のエポックで順番に使用します。"
        f"最初のエポックで未使用：{names.ja}。"
    )
    if never:
        en += f" Never used: {rest.en}."
        ja += f"まったく使用されないもの：{rest.ja}。"
    return plain_problem("W-REG-SURPLUS", en, ja, key="dataset.reg_data_dir")


def reg_alone(dataset: int, pictures: int) -> Problem:
    """A data set of a dataset_config that has regularization pictures only."""
    return plain_problem(
        "W-REG-ALONE",
        f"data set {dataset + 1} has {counted(pictures, 'regularization picture')} but nothing to train "
        "beside them, so they are not used. Put them into the [[datasets]] of the training pictures.",
        f"データセット{dataset + 1}には学習用画像がないため、正則化画像{pictures}枚を使用しません。"
        "学習用画像と同じ[[datasets]]に入れてください。",
    )


def reg_reuse(train: int, reg: int) -> Problem:
    """Fewer regularization than training samples."""
    return plain_problem(
        "I-REG-REUSE",
        f"the regularization pictures x repeats ({reg}) are fewer than the training pictures x repeats "
        f"({train}): each is used several times an epoch.",
        f"正則化画像×繰り返し回数（{reg}）が学習用画像×繰り返し回数（{train}）より少ないため、"
        "1エポックに各画像を複数回使用します。",
        key="dataset.reg_data_dir",
    )


def same_files(names: Sequence[str]) -> Problem:
    """Copies of a file."""
    shown = listed(names)
    return plain_problem(
        "W-IMG-TWIN",
        f"these are the same file, so it is trained more often than the others: {shown.en}.",
        f"同じ内容のファイルが複数あるため、ほかの画像より多く学習されます：{shown.ja}。",
    )


def same_in_reg(names: Sequence[str]) -> Problem:
    """A file that is trained and used for regularization."""
    shown = listed(names)
    return plain_problem(
        "W-REG-TWIN",
        "the same file is a training and a regularization picture, so the two work against each other: "
        f"{shown.en}. Take it out of one of the folders.",
        f"同じファイルが学習用と正則化用の両方にあり、互いに打ち消し合います：{shown.ja}。"
        "どちらかのフォルダから除いてください。",
    )
