"""What options of [dataset] must not be together: config -> problems."""

from __future__ import annotations

import math
from collections.abc import Iterator

from core.config import messages as config_messages
from core.config.pydantic_messages import shown
from core.config.rules import messages
from core.config.schema.run import RunConfig
from core.errors import Problem
from core.families import FamilySpec, size_step

LARGEST_SIDE = 8192
"""Pixels, as for buckets."""


def sizes_are_in_steps(config: RunConfig, step: int) -> Iterator[Problem]:
    """step: pixels that every side of the family's images is a multiple of."""
    data = config.dataset
    for side in data.resolution:
        if side > LARGEST_SIDE:
            yield messages.SIDE_TOO_LARGE(most=LARGEST_SIDE, side=shown(side))
            break
        if side < step or side % step:
            near = max(step, (side + step // 2) // step * step)
            yield messages.SIDE_MULTIPLE(step=step, side=side, near=near)
            break
    if data.enable_bucket and data.bucket_reso_steps % step:
        key = "dataset.bucket_reso_steps"
        yield config_messages.NO_MULTIPLE(key=key, bound=step, value=data.bucket_reso_steps)


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
    elif largest * largest <= math.prod(data.resolution):
        yield messages.BUCKETS_ALL_SQUARE(side=largest, more=2 * largest)


def cached_latents_never_change(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if not (data.cache_latents or data.cache_latents_to_disk):
        return
    cache = "cache_latents" if data.cache_latents else "cache_latents_to_disk"
    for name in ("color_aug", "random_crop"):
        if getattr(data, name):
            yield messages.NOT_WITH_CACHE(key=f"dataset.{name}", cache=cache)


NO_CAPTIONS = frozenset(
    (
        ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif", ".jxl",
        ".apng", ".npz", ".npy", ".pt", ".ckpt", ".safetensors", ".zip",
    )
)  # fmt: skip
"""Endings of what lies beside captions and is none."""


def separators_differ(config: RunConfig) -> Iterator[Problem]:
    """The other separators would be cut apart before they are looked for."""
    data = config.dataset
    for name in ("keep_tokens_separator", "secondary_separator"):
        value = getattr(data, name)
        if value is None or not data.caption_separator:
            continue
        if (name == "secondary_separator" and data.caption_separator in value) or (
            value == data.caption_separator
        ):
            yield messages.SEPARATOR_WITHIN(
                key=f"dataset.{name}", caption_separator=shown(data.caption_separator), value=shown(value)
            )
    if data.secondary_separator is not None and data.secondary_separator == data.keep_tokens_separator:
        yield messages.SEPARATORS_EQUAL(keep_tokens_separator=shown(data.keep_tokens_separator))


def extension_is_a_caption_s(config: RunConfig) -> Iterator[Problem]:
    """Captions are text: neither the images themselves nor a model, and no pattern of names or path."""
    given = config.dataset.caption_extension.strip()
    suffix = f".{given.removeprefix('.')}".lower()
    if given and (suffix in NO_CAPTIONS or any(sign in given for sign in '<>:"/\\|?*')):
        yield messages.CAPTION_EXTENSION(given=shown(given))


def masks_come_from_one_place(config: RunConfig) -> Iterator[Problem]:
    if config.dataset.alpha_mask and config.dataset.conditioning_data_dir is not None:
        yield messages.TWO_MASKS()


def images_are_named(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if not (data.train_data_dir.strip() or data.dataset_config or data.in_json):
        yield messages.NO_IMAGES()


def images_are_named_once(config: RunConfig) -> Iterator[Problem]:
    data = config.dataset
    if data.dataset_config:
        for name in ("train_data_dir", "reg_data_dir", "in_json"):
            if str(getattr(data, name) or "").strip():
                yield messages.IMAGES_TWICE(key=f"dataset.{name}")
    elif data.in_json and (data.reg_data_dir or "").strip():
        yield messages.IN_JSON_WITH_REGULARIZATION()


def of_images(config: RunConfig, family: FamilySpec | None = None) -> Iterator[Problem]:
    """Problems of [dataset] apart from where the images come from. family: None while it is not known.

    Where a dataset_config is named, each of its subsets has them; the run's own values only stand in.
    """
    yield from sizes_are_in_steps(config, size_step(family))
    yield from buckets_hold_the_resolution(config)
    yield from cached_latents_never_change(config)
    yield from separators_differ(config)
    yield from extension_is_a_caption_s(config)
    yield from masks_come_from_one_place(config)
