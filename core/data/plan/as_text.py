"""The plan in plain words for the console, made from what `plan --json` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.catalog import Words
from core.config.schema.train import TrainConfig
from core.counting import counted
from core.data.plan import as_json
from core.data.plan.plan import Plan
from core.errors import Lang, Problem

SHOWN = 10
"""Images held out that are named."""


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
    has_steps = train is not None
    parts = [
        _folders(values),
        _epoch(values, has_steps),
        _held_out(values["images"]),
        _buckets(values),
        _images(values["images"], limit),
    ]
    lines = [_in(words, lang) for part in parts for words in part]
    lines += _sentences(
        Words("Problems (the run can't start)", "問題点（学習を開始できません）"), plan.problems, lang
    )
    told = (*plan.notices, *as_json.long_captions(plan, count_tokens, token_limit))
    lines += _sentences(Words("Notices", "お知らせ"), told, lang)
    return "\n".join(lines)


def _in(words: Words, lang: Lang) -> str:
    return words.ja if lang == "ja" else words.en


def _same(line: str) -> Words:
    return Words(line, line)


def _folders(values: dict[str, Any]) -> list[Words]:
    lines = []
    for is_reg in (False, True):
        chosen = [folder for folder in values["folders"] if folder["is_reg"] is is_reg]
        if not chosen:
            continue
        lines.append(
            Words("Regularization images", "正則化画像") if is_reg else Words("Training images", "学習用画像")
        )
        lines += [
            Words(
                f"  {f['path']}: {counted(f['images'], 'image')}, {counted(f['repeats'], 'repeat')}, "
                f"{f['used_per_epoch']} in an epoch, words `{f['prompt']}`"
                + (f", data set {f['dataset'] + 1}" if "dataset" in f else ""),
                f"  {f['path']}：画像{f['images']}枚、繰り返し{f['repeats']}回、"
                f"1エポックに{f['used_per_epoch']}枚、単語「{f['prompt']}」"
                + (f"、データセット{f['dataset'] + 1}" if "dataset" in f else ""),
            )
            for f in chosen
        ]
    return lines


def _epoch(values: dict[str, Any], has_steps: bool) -> list[Words]:
    epoch = values["epoch"]
    train, spare = epoch["train_samples"], epoch["reg_samples"]
    lines = [
        Words("One epoch", "1エポック"),
        Words(
            f"  {counted(train, 'training sample')} + {counted(spare, 'regularization sample')} in "
            f"{counted(epoch['batches'], 'batch', 'batches')}: {counted(epoch['steps'], 'step')}",
            f"  学習用{train}サンプル＋正則化{spare}サンプル、"
            f"{epoch['batches']}バッチ、{epoch['steps']}ステップ",
        ),
    ]
    if has_steps:
        lines += [
            Words("The run", "学習全体"),
            Words(
                f"  {counted(values['total_steps'], 'step')}, {counted(values['epochs'], 'epoch')}",
                f"  {values['total_steps']}ステップ、{values['epochs']}エポック",
            ),
        ]
    return lines


def _held_out(images: Sequence[dict[str, Any]]) -> list[Words]:
    held = list(dict.fromkeys(image["path"] for image in images if image.get("is_validation")))
    if not held:
        return []
    title = Words(
        f"Held out for validation: {counted(len(held), 'image')}, never trained",
        f"検証用（学習しません）：{len(held)}枚",
    )
    more = [Words(f"  and {len(held) - SHOWN} more", f"  ほか{len(held) - SHOWN}枚")] if held[SHOWN:] else []
    return [title, *(_same(f"  {path}") for path in held[:SHOWN]), *more]


def _buckets(values: dict[str, Any]) -> list[Words]:
    """One table for each data set."""
    lines: list[Words] = []
    dataset = None
    for row in values["buckets"]:
        if not lines or row.get("dataset") != dataset:
            dataset = row.get("dataset")
            title = Words("Sizes trained at", "学習する解像度")
            if dataset is not None:
                title = Words(
                    f"Data set {dataset + 1}: {title.en[0].lower()}{title.en[1:]}",
                    f"データセット{dataset + 1}の{title.ja}",
                )
            lines.append(title)
        size = _size(row["size"])
        samples, batches = row["samples_per_epoch"], row["batches_per_epoch"]
        lines.append(
            Words(
                f"  {size}: {counted(row['images'], 'image')}, {counted(samples, 'sample')} in "
                f"{counted(batches, 'batch', 'batches')}",
                f"  {size}：画像{row['images']}枚、{samples}サンプル、{batches}バッチ",
            )
        )
    return lines


def _images(images: Sequence[dict[str, Any]], limit: int) -> list[Words]:
    lines = [Words("Images and captions", "画像とキャプション")] if images and limit > 0 else []
    for image in images[: max(0, limit)]:
        lines.append(_same(f"  {image['path']}"))
        lines.append(_image(image))
    more = len(images) - limit
    if lines and more > 0:
        lines.append(Words(f"  and {more} more (all with --json)", f"  ほか{more}枚（--jsonですべて表示）"))
    return lines


def _image(image: dict[str, Any]) -> Words:
    """One line below the path: sizes, what is cut, caption and its tokens."""
    (width, height), (across, down) = image["resized"], image["bucket"]
    cut = 1 - across * down / (width * height)
    tokens = image["tokens"]
    sizes = f"    {_size(image['size'])} -> {_size(image['bucket'])}"
    en = sizes + (f", {cut:.0%} cut away" if cut else "") + f", `{image['caption']}`"
    ja = sizes + (f"、{cut:.0%}切り取り" if cut else "") + f"、「{image['caption']}」"
    if tokens is not None:
        en += f" ({counted(tokens, 'token')})"
        ja += f"（{tokens}トークン）"
    return Words(en, ja)


def _sentences(title: Words, problems: Sequence[Problem], lang: Lang) -> list[str]:
    if not problems:
        return []
    return [_in(title, lang), *(f"  {problem.code}  {problem.text(lang)}" for problem in problems)]


def _size(size: Sequence[int]) -> str:
    return f"{size[0]}x{size[1]}"
