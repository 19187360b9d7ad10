"""The plan in plain words for the console, made from what `plan --json` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from core.catalog import Words
from core.config.schema.train import TrainConfig
from core.counting import counted
from core.data.plan import as_json
from core.data.plan.plan import Plan
from core.errors import Lang

SHOWN = 10
"""Images of the validation split that are named."""


def text(
    plan: Plan,
    lang: Lang,
    train: TrainConfig | None = None,
    count_tokens: Callable[[str], int] | None = None,
    limit: int = 20,
    token_limit: int = 75,
) -> str:
    """The plan in plain words for the console, with at most `limit` images one by one."""
    values = as_json.values(plan, TrainConfig() if train is None else train, count_tokens)
    lines = [
        *_folders(values["folders"]),
        *_epoch(values, has_steps=train is not None),
        *_validation(values["images"]),
        *_excluded(values.get("excluded", ())),
        *_buckets(values["buckets"]),
        *_images(values["images"], limit),
    ]
    notices = (*plan.notices, *as_json.long_captions(plan, count_tokens, token_limit))
    for title, problems in (
        (Words("Problems (the run can't start)", "問題点（学習を開始できません）"), plan.problems),
        (Words("Notices", "お知らせ"), notices),
    ):
        lines += [title] if problems else []
        lines += [_same(f"  {problem.code}  {problem.text(lang)}") for problem in problems]
    return "\n".join(words.of(lang) for words in lines)


def _same(line: str) -> Words:
    return Words(line, line)


def _folders(folders: Sequence[dict[str, Any]]) -> Iterator[Words]:
    titles = Words("Training images", "学習用画像"), Words("Regularization images", "正則化画像")
    for is_reg, title in enumerate(titles):
        chosen = [folder for folder in folders if folder["is_reg"] == is_reg]
        if chosen:
            yield title
        for f in chosen:
            path, images, repeats, used = f["path"], f["images"], f["repeats"], f["used_per_epoch"]
            dataset = _of_dataset(f, ", dataset {}", "、データセット{}")
            yield Words(
                f"  {path}: {counted(images, 'image')}, {counted(repeats, 'repeat')}, {used} in an epoch, "
                f"words `{f['prompt']}`{dataset.en}",
                f"  {path}：画像{images}枚、繰り返し{repeats}回、1エポックに{used}枚、"
                f"単語「{f['prompt']}」{dataset.ja}",
                f"  {path}：{images}张图像，重复{repeats}次，一轮{used}张，"
                f"词语“{f['prompt']}”{dataset.of('zh')}",
            )


def _of_dataset(row: dict[str, Any], en: str, ja: str) -> Words:
    """Words with the number of the row's dataset, from 1; none where there is only one."""
    return Words(*(text.format(row["dataset"] + 1) if "dataset" in row else "" for text in (en, ja)))


def _epoch(values: dict[str, Any], has_steps: bool) -> Iterator[Words]:
    epoch, steps, epochs = values["epoch"], values["total_steps"], values["epochs"]
    train, reg, batches = epoch["train_samples"], epoch["reg_samples"], epoch["batches"]
    yield Words("One epoch", "1エポック")
    yield Words(
        f"  {counted(train, 'training sample')} + {counted(reg, 'regularization sample')} in "
        f"{counted(batches, 'batch', 'batches')}: {counted(epoch['steps'], 'step')}",
        f"  学習用{train}サンプル＋正則化{reg}サンプル、{batches}バッチ、{epoch['steps']}ステップ",
        f"  {train}个训练样本 + {reg}个正则化样本，{batches}个批次，{epoch['steps']}步",
    )
    if has_steps:
        yield Words("The run", "学習全体")
        yield Words(
            f"  {counted(steps, 'step')}, {counted(epochs, 'epoch')}",
            f"  {steps}ステップ、{epochs}エポック",
            f"  {steps}步，{epochs}轮",
        )


def _validation(images: Sequence[dict[str, Any]]) -> Iterator[Words]:
    paths = list(dict.fromkeys(image["path"] for image in images if image.get("is_validation")))
    more = len(paths) - SHOWN
    if paths:
        yield Words(
            f"Held out for validation: {counted(len(paths), 'image')}, never trained",
            f"検証用（学習しません）：{len(paths)}枚",
            f"留作验证（不训练）：{len(paths)}张",
        )
        yield from (_same(f"  {path}") for path in paths[:SHOWN])
    if more > 0:
        yield Words(f"  and {more} more", f"  ほか{more}枚", f"  另有{more}张")


def _excluded(images: Sequence[dict[str, Any]]) -> Iterator[Words]:
    n = len(images)
    if not images:
        return
    yield Words(
        f"Excluded: {counted(n, 'image')}, not trained",
        f"除外（学習しません）：{n}枚",
        f"已排除（不训练）：{n}张",
    )
    for folder, count in Counter(image["folder"] for image in images).items():
        yield Words(
            f"  {folder}: {counted(count, 'image')}", f"  {folder}：{count}枚", f"  {folder}：{count}张"
        )


def _buckets(rows: Sequence[dict[str, Any]]) -> Iterator[Words]:
    """One table for each dataset."""
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or row.get("dataset") != before.get("dataset"):
            dataset = _of_dataset(row, "Dataset {}: ", "データセット{}の")
            title = f"{dataset.en}sizes trained at"
            yield Words(
                title[0].upper() + title[1:], f"{dataset.ja}学習する解像度", f"{dataset.of('zh')}训练的分辨率"
            )
        size, images = _size(row["size"]), row["images"]
        samples, batches = row["samples_per_epoch"], row["batches_per_epoch"]
        yield Words(
            f"  {size}: {counted(images, 'image')}, {counted(samples, 'sample')} in "
            f"{counted(batches, 'batch', 'batches')}",
            f"  {size}：画像{images}枚、{samples}サンプル、{batches}バッチ",
            f"  {size}：{images}张图像，{samples}个样本，{batches}个批次",
        )


def _images(images: Sequence[dict[str, Any]], limit: int) -> Iterator[Words]:
    """Two lines each: the path; sizes, what is cut, caption and its tokens."""
    if images and limit > 0:
        yield Words("Images and captions", "画像とキャプション")
    for image in images[: max(0, limit)]:
        (width, height), (across, down) = image["resized"], image["bucket"]
        cut, tokens = 1 - across * down / (width * height), image["tokens"]
        sizes = f"    {_size(image['size'])} -> {_size(image['bucket'])}"
        en = sizes + (f", {cut:.0%} cropped" if cut else "") + f", `{image['caption']}`"
        ja = sizes + (f"、{cut:.0%}切り抜き" if cut else "") + f"、「{image['caption']}」"
        if tokens is not None:
            en, ja = f"{en} ({counted(tokens, 'token')})", f"{ja}（{tokens}トークン）"
        yield _same(f"  {image['path']}")
        yield Words(en, ja)
    more = len(images) - limit
    if limit > 0 and more > 0:
        yield Words(
            f"  and {more} more (all with --json)",
            f"  ほか{more}枚（--jsonですべて表示）",
            f"  另有{more}张（用--json显示全部）",
        )


def _size(size: Sequence[int]) -> str:
    return f"{size[0]}×{size[1]}"
