"""What files and folders say about a run before it starts: for `check`, the window and the run itself."""

from __future__ import annotations

from collections.abc import Iterator

from core.catalog import Size
from core.config import base_family
from core.config.schema.run import RunConfig
from core.errors import Problem
from core.models import embedding_precheck, fit, lora_precheck, precheck
from core.runs import sample_prompts
from core.train import output_places


def problems(config: RunConfig) -> tuple[Problem, ...]:
    """Of the folders, the model, the LoRA files and the sample prompts; errors and notices. No torch."""
    return (
        *output_places.problems(config),
        *precheck.problems(config.model),
        *_resolution(config),
        *lora_precheck.of_run(config.network, config.model),
        *embedding_precheck.of_run(config),
        *sample_prompts.problems(config),
    )


def _resolution(config: RunConfig) -> Iterator[Problem]:
    """Whether the base model, where it is here, was trained at another size than the images.

    With a dataset_config the subsets have sizes of their own, and nothing is said.
    """
    base = None if config.dataset.dataset_config else base_family.identity(config.model.base)
    size = Size(*config.dataset.resolution)
    if base is not None and min(size) > 0:
        yield from fit.resolution(base, size)
