"""Settings of programs whose options are not ours: known by their names, then read or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.catalog import Words
from core.config.file import yaml_text
from core.config.imports import ai_toolkit, messages, one_trainer, one_trainer_names, simple_tuner
from core.config.imports.sheet import Sheet
from core.config.imports.simple_tuner import is_backends
from core.config.pydantic_messages import shown
from core.errors import ConfigError, Problem


@dataclass(frozen=True)
class Program:
    """marks: names in its files that no other program has; enough: so many of them tell it.

    named: names of the settings that a user needs to set by hand. has_commands: they are typed as
    options too.
    """

    name: str
    marks: frozenset[str]
    enough: int = 1
    named: tuple[str, ...] = ()
    has_commands: bool = False


_DIFFUSERS = Program(
    "diffusers",
    frozenset(("instance_data_dir", "instance_prompt", "class_data_dir", "with_prior_preservation")),
    named=("pretrained_model_name_or_path", "instance_prompt", "learning_rate", "rank", "max_train_steps",
          "resolution"),
    has_commands=True,
)  # fmt: skip
_PROGRAMS = (
    _DIFFUSERS,
    Program("EveryDream 2", frozenset(("resume_ckpt", "project_name", "max_epochs")), enough=2),
    Program("the DreamBooth extension of the WebUI", frozenset(("concepts_list",))),
    Program("diffusion-pipe", frozenset(("pipeline_stages", "micro_batch_size_per_gpu"))),
    Program("a ComfyUI workflow", frozenset(("nodes", "links", "last_node_id")), enough=2),
)

_ONETRAINER = frozenset(
    ("training_method", "base_model_name", "concept_file_name", "output_model_destination",
     "output_model_format", "layer_filter_preset")
)  # fmt: skip
_SIMPLETUNER = frozenset(("model_family", "data_backend_config", "model_flavour", "lora_type"))
"""Names in files of each that no other program has."""
_YAML_JOB = re.compile(r"^job\s*:\s*\S+", re.MULTILINE)
_YAML_PROCESS = re.compile(r"^\s+process\s*:", re.MULTILINE)
_ENVIRONMENT = re.compile(
    r"^\s*(?:export\s+)?(MODEL_FAMILY|DATALOADER_CONFIG|DATA_BACKEND_CONFIG|TRAINING_NUM_PROCESSES)="
    r"|^\s*export\s+(MODEL_NAME|MAX_NUM_STEPS)=",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Foreign:
    """program: whose settings they are. sheet: what they are here."""

    program: str
    sheet: Sheet


def read_document(document: object) -> Foreign | None:
    """Settings of OneTrainer, ai-toolkit or SimpleTuner; None where a document is none of theirs.

    Raises ConfigError for models and kinds of training that are not here, and for programs that can't be
    read at all.
    """
    if isinstance(document, list):
        return (
            Foreign(simple_tuner.NAME, simple_tuner.read_backends(document))
            if is_backends(document)
            else None
        )
    if not isinstance(document, dict):
        return None
    names = {str(name).removeprefix("--") for name in document}
    if _ONETRAINER & names:
        return Foreign(one_trainer_names.NAME, one_trainer.read(document))
    if {"job", "config"} <= names:
        return Foreign(ai_toolkit.NAME, ai_toolkit.read(document))
    if _SIMPLETUNER & names or any(str(name).startswith("--") for name in document):
        return Foreign(simple_tuner.NAME, simple_tuner.read(document))
    refuse_document(document)
    return None


def read_text(text: str) -> Foreign | None:
    """The same of a text that is no JSON: a job in YAML or a list of variables."""
    if _YAML_JOB.search(text) and _YAML_PROCESS.search(text):
        return read_document(yaml_text.parse(text))
    if _ENVIRONMENT.search(text):
        return Foreign(simple_tuner.NAME, simple_tuner.read(simple_tuner.variables(text)))
    return None


def read_command(pairs: Mapping[str, Any]) -> Foreign | None:
    """The same of a command's options, without their dashes."""
    if {"model_family", "data_backend_config"} & set(pairs):
        return Foreign(simple_tuner.NAME, simple_tuner.read(pairs))
    refuse_command(pairs)
    return None


def refuse_document(document: Mapping[str, Any]) -> None:
    """Refuse a document that is another program's. Raises ConfigError; any other passes."""
    names = {str(name) for name in document}
    for program in _PROGRAMS:
        if len(program.marks & names) >= program.enough:
            raise ConfigError(_refusal(program, document))


def refuse_command(pairs: Mapping[str, Any]) -> None:
    """Refuse a command whose options, without their dashes, are another program's. Raises ConfigError."""
    for program in _PROGRAMS:
        if program.has_commands and len(program.marks & set(pairs)) >= program.enough:
            raise ConfigError(_refusal(program, pairs))


def _refusal(program: Program, document: Mapping[str, Any]) -> Problem:
    plain = {str(name).removeprefix("--"): value for name, value in document.items()}
    values = [
        f"{name} = {shown(plain[name])}" for name in program.named if plain.get(name) not in (None, "", [])
    ]
    listed = (
        Words(
            f" Found: {', '.join(values)}.",
            f"主な値は{'、'.join(values)}です。",
            f"其中有：{'、'.join(values)}。",
        )
        if values
        else ""
    )
    return messages.OTHER_PROGRAM(program=program.name, found=listed)
