"""What the disk itself says about where a run reads and writes, before it starts. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator

from core.config.rules import output
from core.config.schema.run import RunConfig
from core.data.sources import dataset_config
from core.errors import Problem


def problems(config: RunConfig) -> Iterator[Problem]:
    """As core.config.rules.output, with links followed and the folders of a dataset_config looked at."""
    for rule in output.RULES:
        yield from rule(config, os.path.realpath)
    if config.dataset.dataset_config:
        folders = [(key, os.path.realpath(folder)) for key, folder in output.written(config)]
        for subset in dataset_config.read(config.dataset).subsets:
            folder = subset.settings.train_data_dir
            for key, out in folders:
                if folder and output.is_inside(out, os.path.realpath(folder)):
                    yield output.among_images("dataset.dataset_config", folder, key)
                    return
            if folder and output.is_replaced(config, os.path.realpath(folder), os.path.realpath):
                yield output.over_a_source("dataset.dataset_config", folder)
                return
