"""Which images are held out for validation: by content, so that no image is ever on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.config.schema.dataset import DatasetConfig
from core.data.keyed_random import key
from core.data.records import PlannedImage


def held_out(images: Sequence[PlannedImage], settings: Sequence[DatasetConfig], seed: int) -> tuple[int, ...]:
    """Indices of the images that are never trained, in order.

    Of each folder's n images round(n x validation_split) are held out, at least one stays in training
    unless the share is 1. All images are drawn by one seeded order of their contents: copies of a file go
    to the same side, also when they lie in several folders or datasets, so a folder may lose a few more than
    its share. Regularization images, and images that are among them, always stay in training. Source of
    the numbers: sd-scripts, which shuffles twice and so trains on some of what it validates.
    """
    stays = {image.content for image in images if image.is_reg}
    folders: dict[int, tuple[DatasetConfig, Counter[str]]] = {}
    for image in images:
        if not image.is_reg:
            _, contents = folders.setdefault(image.folder, (settings[image.settings], Counter()))
            contents[image.content] += 1
    chosen: set[str] = set()
    for config, contents in folders.values():
        share, draw = config.validation_split, config.validation_seed
        own_seed = seed if draw is None else draw
        order = {
            content: key(own_seed, "validation", content) for content in contents.keys() - stays - chosen
        }
        total = contents.total()
        wanted = min(total if share == 1 else total - 1, round(total * share))
        taken = sum(contents[content] for content in chosen & contents.keys())
        for content in sorted(order, key=order.__getitem__):
            if taken + contents[content] <= wanted:
                chosen.add(content)
                taken += contents[content]
    return tuple(index for index, image in enumerate(images) if not image.is_reg and image.content in chosen)
