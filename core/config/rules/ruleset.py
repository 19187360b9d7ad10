"""What options must not be together, one small function each: config -> problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.catalog import Words
from core.config.pydantic_messages import shown
from core.config.rules import (
    captions,
    idle,
    images,
    loss,
    messages,
    network,
    optimizer,
    output,
    paths,
    sources,
)
from core.config.schema.conditions import unmet
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.errors import Problem

Rule = Callable[[RunConfig], Iterator[Problem]]


def base_is_named(config: RunConfig) -> Iterator[Problem]:
    if not config.model.base.strip():
        yield messages.NO_BASE()


LARGEST_SIDE = 8192
"""Pixels, as for buckets."""


def sides_are_multiples_of_64(config: RunConfig) -> Iterator[Problem]:
    for side in config.dataset.resolution:
        if side > LARGEST_SIDE:
            yield messages.SIDE_TOO_LARGE(most=LARGEST_SIDE, side=shown(side))
            return
        if side < 64 or side % 64:
            near = max(64, round(side / 64) * 64)
            yield messages.SIDE_MULTIPLE(side=side, near=near)
            return


def buckets_hold_the_resolution(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if not data.enable_bucket or data.bucket_no_upscale:
        return
    step = data.bucket_reso_steps
    smallest = data.min_bucket_reso // step * step
    largest = -(-data.max_bucket_reso // step) * step
    if smallest == 0:
        yield messages.BUCKET_BELOW_STEP(step=step, found=data.min_bucket_reso)
    elif smallest > largest:
        yield messages.BUCKETS_REVERSED(largest=data.max_bucket_reso, found=data.min_bucket_reso)
    elif min(data.resolution) < smallest:
        yield messages.BUCKET_ABOVE_RESOLUTION(side=min(data.resolution), found=data.min_bucket_reso)
    elif max(data.resolution) > largest:
        yield messages.BUCKET_BELOW_RESOLUTION(side=max(data.resolution), found=data.max_bucket_reso)


def cached_latents_never_change(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if not (data.cache_latents or data.cache_latents_to_disk):
        return
    cache = "cache_latents" if data.cache_latents else "cache_latents_to_disk"
    for name in ("color_aug", "random_crop"):
        if getattr(data, name):
            yield messages.NOT_WITH_CACHE(key=f"dataset.{name}", cache=cache)


def lora_is_a_single_file(config: RunConfig) -> Iterator[Problem]:
    if config.network.method != "none" and config.save.save_model_as.startswith("diffusers"):
        yield messages.LORA_FORMAT()


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
        yield messages.NAME_TOO_LONG(length=length, most=paths.MOST_NAME_BYTES)
        return
    if is_bad:
        yield messages.BAD_FILE_NAME(name=Words(shown(name), f"「{shown(name)[1:-1]}」"))


def samples_have_prompts(config: RunConfig) -> Iterator[Problem]:
    sample = config.sample
    wanted = sample.sample_every_n_steps or sample.sample_every_n_epochs or sample.sample_at_first
    prompts = [line.strip() for line in sample.sample_prompts]
    if wanted and not any(prompt and not prompt.startswith("#") for prompt in prompts):
        yield messages.NO_PROMPT()


def unused_options_are_said(config: RunConfig) -> Iterator[Problem]:
    options = list(walk(RunConfig))
    values = {option.key: getattr(getattr(config, option.section), option.name) for option in options}
    for option in options:
        if option.name not in getattr(config, option.section).model_fields_set:
            continue
        method = config.network.method
        if option.meta.methods and method not in option.meta.methods:
            yield messages.METHOD_UNUSED(key=option.key, method=method)
            continue
        need = unmet(option.meta.needs, values)
        if need is not None and values[option.key] != option.default:
            either = [condition.words() for condition in need]
            words = Words(" or ".join(w.en for w in either), "するか、".join(w.ja for w in either))
            yield messages.NEED_UNMET(key=option.key, need=words)


OF_IMAGES: tuple[Rule, ...] = (
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
    *map(_unless_in_datasets, OF_IMAGES),
    *network.RULES,
)
