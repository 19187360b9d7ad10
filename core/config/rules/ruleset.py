"""What options must not be together, one small function each: config -> problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.config.pydantic_messages import shown
from core.config.rules import captions, idle, images, loss, network, optimizer, output, paths, sources
from core.config.schema.conditions import unmet
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.errors import Problem, plain_problem

Rule = Callable[[RunConfig], Iterator[Problem]]


def base_is_named(config: RunConfig) -> Iterator[Problem]:
    if not config.model.base.strip():
        yield plain_problem(
            "E-CFG-NEEDED",
            "no base model is named; give a .safetensors or .ckpt file or a Diffusers folder.",
            "元モデルが指定されていません。.safetensors・.ckptファイルかDiffusersフォルダを指定してください。",
            key="model.base",
        )


LARGEST_SIDE = 8192
"""Pixels, as for buckets."""


def sides_are_multiples_of_64(config: RunConfig) -> Iterator[Problem]:
    for side in config.dataset.resolution:
        if side > LARGEST_SIDE:
            yield plain_problem(
                "E-CFG-RANGE",
                f"must be at most {LARGEST_SIDE}, not {shown(side)}.",
                f"{LARGEST_SIDE}以下にしてください（値：{shown(side)}）。",
                key="dataset.resolution",
            )
            return
        if side < 64 or side % 64:
            near = max(64, round(side / 64) * 64)
            yield plain_problem(
                "E-CFG-MULTIPLE",
                f"must be a multiple of 64, not {side}; {near} is the nearest.",
                f"64の倍数にしてください（値：{side}、最も近いのは{near}）。",
                key="dataset.resolution",
            )
            return


def buckets_hold_the_resolution(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if not data.enable_bucket or data.bucket_no_upscale:
        return
    step = data.bucket_reso_steps
    smallest = data.min_bucket_reso // step * step
    largest = -(-data.max_bucket_reso // step) * step
    if smallest == 0:
        yield plain_problem(
            "E-CFG-RANGE",
            f"must be at least bucket_reso_steps ({step}), found {data.min_bucket_reso}.",
            f"bucket_reso_steps（{step}）以上にしてください（値：{data.min_bucket_reso}）。",
            key="dataset.min_bucket_reso",
        )
    elif smallest > largest:
        yield plain_problem(
            "E-CFG-RANGE",
            f"must not be above max_bucket_reso ({data.max_bucket_reso}), found {data.min_bucket_reso}.",
            f"max_bucket_reso（{data.max_bucket_reso}）以下にしてください（値：{data.min_bucket_reso}）。",
            key="dataset.min_bucket_reso",
        )
    elif min(data.resolution) < smallest:
        yield plain_problem(
            "E-CFG-RANGE",
            f"must not be above the smaller side of the resolution ({min(data.resolution)}), "
            f"found {data.min_bucket_reso}; lower it or raise the resolution.",
            f"解像度の短辺（{min(data.resolution)}）以下にしてください（値：{data.min_bucket_reso}）。",
            key="dataset.min_bucket_reso",
        )
    elif max(data.resolution) > largest:
        yield plain_problem(
            "E-CFG-RANGE",
            f"must not be below the larger side of the resolution ({max(data.resolution)}), "
            f"found {data.max_bucket_reso}; raise it or lower the resolution.",
            f"解像度の長辺（{max(data.resolution)}）以上にしてください（値：{data.max_bucket_reso}）。",
            key="dataset.max_bucket_reso",
        )


def cached_latents_never_change(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if not (data.cache_latents or data.cache_latents_to_disk):
        return
    cache = "cache_latents" if data.cache_latents else "cache_latents_to_disk"
    for name in ("color_aug", "random_crop"):
        if getattr(data, name):
            yield plain_problem(
                "E-CFG-TOGETHER",
                f"cannot be used with dataset.{cache}: cached latents never change. Turn one of them off.",
                f"dataset.{cache}と同時には使えません（キャッシュしたlatentsは変化しないため）。"
                "どちらかを切ってください。",
                key=f"dataset.{name}",
            )


def lora_is_a_single_file(config: RunConfig) -> Iterator[Problem]:
    if config.network.method != "none" and config.save.save_model_as.startswith("diffusers"):
        yield plain_problem(
            "E-CFG-TOGETHER",
            "a LoRA is a single file; choose safetensors or ckpt.",
            "LoRAは単一ファイルで保存します。safetensorsかckptを選んでください。",
            key="save.save_model_as",
        )


def output_name_is_a_file_name(config: RunConfig) -> Iterator[Problem]:
    name = config.save.output_name
    if name is None:
        return
    reserved = {"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10))}
    is_bad = (
        not name.strip()
        or name != name.strip()
        or name.endswith(".")
        or name.split(".")[0].upper() in reserved
        or any(c in '<>:"/\\|?*' or not c.isprintable() for c in name)
    )
    length = len(name.encode("utf-8", "surrogatepass"))
    if length > paths.MOST_NAME_BYTES:
        yield plain_problem(
            "E-PATH-LONG",
            f"the name is {length:,} bytes long; {paths.MOST_NAME_BYTES} are possible, since numbers "
            "and endings come behind it. Shorten it.",
            f"名前が{length:,}バイトあります（番号と拡張子が付くため、上限は{paths.MOST_NAME_BYTES}）。"
            "短くしてください。",
            key="save.output_name",
        )
        return
    if is_bad:
        plain = shown(name).strip("'\"")
        yield plain_problem(
            "E-CFG-NAME",
            f"{shown(name)} can't be a file name on every system; use letters, digits, spaces, - and _.",
            f"「{plain}」はファイル名に使えません。文字・数字・空白・-・_を使ってください。",
            key="save.output_name",
        )


def samples_have_prompts(config: RunConfig) -> Iterator[Problem]:
    sample = config.sample
    wanted = sample.sample_every_n_steps or sample.sample_every_n_epochs or sample.sample_at_first
    prompts = [line.strip() for line in sample.sample_prompts]
    if wanted and not any(prompt and not prompt.startswith("#") for prompt in prompts):
        yield plain_problem(
            "E-CFG-NEEDED",
            "sample pictures are asked for, but no prompt is given.",
            "サンプル画像を生成する設定ですが、プロンプトがありません。",
            key="sample.sample_prompts",
        )


def unused_options_are_said(config: RunConfig) -> Iterator[Problem]:
    options = list(walk(RunConfig))
    values = {option.key: getattr(getattr(config, option.section), option.name) for option in options}
    for option in options:
        if option.name not in getattr(config, option.section).model_fields_set:
            continue
        method = config.network.method
        if option.meta.methods and method not in option.meta.methods:
            yield plain_problem(
                "W-CFG-UNUSED",
                f"has no effect with method {method}.",
                f"method = {method}では使われません。",
                key=option.key,
            )
            continue
        need = unmet(option.meta.needs, values)
        if need is not None and values[option.key] != option.default:
            either = [condition.words() for condition in need]
            yield plain_problem(
                "W-CFG-UNUSED",
                f"has no effect unless {' or '.join(words.en for words in either)}.",
                f"{'するか、'.join(words.ja for words in either)}しないと使われません。",
                key=option.key,
            )


OF_PICTURES: tuple[Rule, ...] = (
    sides_are_multiples_of_64,
    buckets_hold_the_resolution,
    cached_latents_never_change,
    *captions.RULES,
    *images.RULES,
)
"""Rules on [dataset] alone. Where a dataset_config is named, they hold for each of its subsets, and the run's
own values are only what stands in for theirs."""


def _unless_in_datasets(rule: Rule) -> Rule:
    return lambda config: iter(()) if config.dataset.dataset_config else rule(config)


RULES: tuple[Rule, ...] = (
    base_is_named,
    lora_is_a_single_file,
    output_name_is_a_file_name,
    samples_have_prompts,
    unused_options_are_said,
    *idle.RULES,
    *optimizer.RULES,
    *loss.RULES,
    *sources.RULES,
    *paths.RULES,
    output.output_is_not_among_the_images,
    output.output_replaces_no_source,
    *map(_unless_in_datasets, OF_PICTURES),
    *network.RULES,
)
