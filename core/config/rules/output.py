"""Where results may go: not among the images, and not where they would replace what the run is made from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from core.catalog import Words
from core.config.output_names import ENDINGS, model_of
from core.config.rules import messages
from core.config.schema.run import RunConfig
from core.errors import Problem

Resolve = Callable[[str], str]
"""Makes paths comparable: os.path.realpath follows links, for which it asks the drive."""


def _plain(path: str) -> str:
    """Made absolute without asking any drive: a path may be another computer's."""
    return os.path.normcase(os.path.abspath(path))


def output_is_not_among_the_images(config: RunConfig, resolved: Resolve = _plain) -> Iterator[Problem]:
    for key, folder in written(config):
        out = resolved(folder)
        for name in ("train_data_dir", "reg_data_dir", "conditioning_data_dir"):
            given = getattr(config.dataset, name)
            if given and given.strip() and is_inside(out, resolved(given)):
                yield among_images(f"dataset.{name}", given, key)
                break


def written(config: RunConfig) -> Iterator[tuple[str, str]]:
    """The folders that a run writes to, by the option that names them."""
    yield "save.output_dir", config.save.output_dir
    if config.log.logging_dir and config.log.logging_dir.strip():
        yield "log.logging_dir", config.log.logging_dir


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is that folder or lies in it, both as text made comparable."""
    try:
        return os.path.commonpath([path, folder]) == folder
    except ValueError:  # on another drive
        return False


def among_images(option: str, folder: str, key: str = "save.output_dir") -> Problem:
    """The refusal of a folder to write to, named by `key`, in the folder of images that `option` names."""
    what = Words("log", "ログの保存先") if key == "log.logging_dir" else Words("output", "出力先")
    return messages.AMONG_IMAGES(key=key, what=what, option=option, folder=folder)


def output_replaces_no_source(config: RunConfig, resolved: Resolve = _plain) -> Iterator[Problem]:
    """A result that bears the name of the base model, or of the folder of images, would put it aside."""
    for option, given in _sources(config):
        if is_replaced(config, resolved(given), resolved):
            yield over_a_source(option, given)
            return


def is_replaced(config: RunConfig, path: str, resolved: Resolve) -> bool:
    """Whether a result of the run would take the place of a path made comparable, or of a folder it is in."""
    out, ending = resolved(config.save.output_dir), os.path.normcase(_ending(config))
    output_name = os.path.normcase(config.save.output_name or "") or None
    if path == out or not is_inside(path, out):
        return False
    name = os.path.relpath(path, out).split(os.sep)[0]
    return name.endswith(ending) and model_of(name.removesuffix(ending), output_name) is not None


def over_a_source(option: str, given: str) -> Problem:
    """The refusal of an output name that is that of what `option` names."""
    return messages.OVER_A_SOURCE(given=given, option=option)


def _sources(config: RunConfig) -> Iterator[tuple[str, str]]:
    network, data = config.network, config.dataset
    named = [("model.base", config.model.base), ("model.vae", config.model.vae)]
    named += [("network.weights", network.weights)]
    named += [("network.base_weights", weights) for weights in network.base_weights]
    for name in ("train_data_dir", "reg_data_dir", "conditioning_data_dir", "in_json", "dataset_config"):
        named.append((f"dataset.{name}", getattr(data, name)))
    for option, given in named:
        if given and given.strip():
            yield option, given


def _ending(config: RunConfig) -> str:
    """What the name of a result ends in, as far as that is known without a look at the model."""
    save_as = config.save.save_model_as
    if config.network.method != "none":
        return ENDINGS["ckpt" if save_as == "ckpt" else "safetensors"]
    if save_as != "auto":
        return ENDINGS[save_as]
    suffix = os.path.splitext(config.model.base)[1].lower()
    return suffix if suffix in ENDINGS.values() else ""


RULES: tuple[Callable[[RunConfig, Resolve], Iterator[Problem]], ...] = (
    output_is_not_among_the_images,
    output_replaces_no_source,
)
"""Both can be asked again with the paths as the disk knows them, see core.train.output_places."""
