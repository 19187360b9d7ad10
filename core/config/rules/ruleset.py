"""What options must not be together, one small function each: config -> problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from core.catalog import Words
from core.config.pydantic_messages import shown
from core.config.rules import (
    dataset,
    embedding,
    idle,
    loss,
    messages,
    network,
    optimizer,
    output,
    paths,
    prior,
)
from core.config.schema import conditions
from core.config.schema.conditions import unmet
from core.config.schema.run import OPTIONS, RunConfig
from core.counting import joined
from core.errors import Problem
from core.families import FAMILIES, FamilySpec

Rule = Callable[[RunConfig], Iterator[Problem]]


def base_is_named(config: RunConfig) -> Iterator[Problem]:
    if not config.model.base.strip():
        yield messages.NO_BASE()


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
    is_enabled = sample.sample_every_n_steps or sample.sample_every_n_epochs or sample.sample_at_first
    prompts = [line.strip() for line in sample.sample_prompts]
    if is_enabled and not any(prompt and not prompt.startswith("#") for prompt in prompts):
        yield messages.NO_PROMPT()


def options_have_an_effect(config: RunConfig, family: FamilySpec | None) -> Iterator[Problem]:
    """Options that the family does not have are refused, others without effect are warned about."""
    values = {key: option.value_in(config) for key, option in OPTIONS.items()}
    method = config.network.method
    for option in OPTIONS.values():
        meta, is_default = option.meta, values[option.key] == option.default
        if option.name not in getattr(config, option.section).model_fields_set:
            continue
        if option.key == "model.clip_skip" and family is not None and values[option.key] == family.text_layer:
            continue  # what such a model does anyway
        if family is not None and not option.is_of(family.name) and not is_default:
            having = [FAMILIES[name].words for name in meta.families]
            families = joined(having, " or ")
            yield messages.NOT_OF_FAMILY(key=option.key, family=family.words, families=families)
        elif meta.methods and method not in meta.methods and option.key not in prior.KEYS:
            yield messages.METHOD_UNUSED(key=option.key, method=method)
        elif (need := unmet(meta.needs, values)) is not None and not is_default:
            yield messages.NEED_UNMET(key=option.key, need=conditions.words(need))


def text_encoders_are_chosen(config: RunConfig, family: FamilySpec | None) -> Iterator[Problem]:
    """Where a family's text encoders usually rest, training them because nothing was said is told of."""
    is_usual = family is not None and family.defaults.get("train.text_encoder_lr") == 0
    if is_usual and config.train.text_encoder_lr is None and len(config.rates()) > 1:
        assert family is not None
        yield messages.TEXT_TRAINED_TOO(family=family.words, rate=config.train.rates()["text"])


_OF_RUN: tuple[Rule, ...] = (
    base_is_named,
    lora_is_a_single_file,
    output_name_is_a_file_name,
    samples_have_prompts,
    *idle.RULES,
    *optimizer.RULES,
    *loss.RULES,
    *prior.RULES,
    dataset.images_are_named,
    dataset.images_are_named_once,
    *paths.RULES,
    output.output_is_not_among_the_images,
    output.output_replaces_no_source,
    *network.RULES,
    *embedding.RULES,
)


def problems(config: RunConfig, family: FamilySpec | None = None) -> Iterator[Problem]:
    """What options must not be together. family: of the base model; None while it is not known."""
    for rule in _OF_RUN:
        yield from rule(config)
    yield from options_have_an_effect(config, family)
    yield from text_encoders_are_chosen(config, family)
    yield from network.block_lists_fit(config, family)
    if not config.dataset.dataset_config:
        yield from dataset.of_images(config, family)


def problems_by_family(config: RunConfig, family: FamilySpec | None) -> list[Problem]:
    """What comes to light when the family is known only after `problems` was asked without it."""
    known = [*problems(config)]
    return [problem for problem in problems(config, family) if problem not in known]
