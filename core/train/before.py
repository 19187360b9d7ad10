"""What files and folders say about a run before it starts: for `check`, the window and the run itself."""

from __future__ import annotations

from core.config.schema import RunConfig
from core.errors import Problem
from core.models import add_on, look
from core.train import places, prompts


def problems(config: RunConfig) -> tuple[Problem, ...]:
    """Of the folders, the model, the LoRA files and the sample prompts; errors and notices. No torch."""
    return (
        *places.problems(config),
        *look.problems(config.model),
        *add_on.of_run(config.network, config.model),
        *prompts.problems(config),
    )
