"""What files and folders say about a run before it starts: for `check`, the window and the run itself."""

from __future__ import annotations

from core.config.schema.run import RunConfig
from core.errors import Problem
from core.models import lora_precheck, precheck
from core.runs import sample_prompts
from core.train import output_places


def problems(config: RunConfig) -> tuple[Problem, ...]:
    """Of the folders, the model, the LoRA files and the sample prompts; errors and notices. No torch."""
    return (
        *output_places.problems(config),
        *precheck.problems(config.model),
        *lora_precheck.of_run(config.network, config.model),
        *sample_prompts.problems(config),
    )
