"""Settings of programs whose options are not ours: recognised by name, and refused with what can be done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.catalog import Words
from core.config.imports import messages
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


_ONETRAINER = Program(
    "OneTrainer",
    frozenset(
        ("training_method", "base_model_name", "concept_file_name", "output_model_destination",
         "output_model_format", "layer_filter_preset")
    ),
    named=("base_model_name", "training_method", "learning_rate", "lora_rank", "lora_alpha",
          "batch_size", "epochs", "resolution"),
)  # fmt: skip
_AI_TOOLKIT = Program("ai-toolkit", frozenset(("job", "process")), enough=2)
_SIMPLETUNER = Program(
    "SimpleTuner",
    frozenset(
        ("--model_family", "--data_backend_config", "--resume_from_checkpoint", "--model_type",
         "model_family", "data_backend_config", "model_flavour")
    ),
    named=("model_type", "pretrained_model_name_or_path", "learning_rate", "lora_rank", "train_batch_size",
          "max_train_steps", "resolution"),
    has_commands=True,
)  # fmt: skip
_DIFFUSERS = Program(
    "diffusers",
    frozenset(("instance_data_dir", "instance_prompt", "class_data_dir", "with_prior_preservation")),
    named=("pretrained_model_name_or_path", "instance_prompt", "learning_rate", "rank", "max_train_steps",
          "resolution"),
    has_commands=True,
)  # fmt: skip
_PROGRAMS = (
    _ONETRAINER,
    _AI_TOOLKIT,
    _SIMPLETUNER,
    _DIFFUSERS,
    Program("EveryDream 2", frozenset(("resume_ckpt", "project_name", "max_epochs")), enough=2),
    Program("the DreamBooth extension of the WebUI", frozenset(("concepts_list",))),
    Program("diffusion-pipe", frozenset(("pipeline_stages", "micro_batch_size_per_gpu"))),
    Program("a ComfyUI workflow", frozenset(("nodes", "links", "last_node_id")), enough=2),
)

_YAML_JOB = re.compile(r"^job\s*:\s*\S+", re.MULTILINE)
_YAML_PROCESS = re.compile(r"^\s+process\s*:", re.MULTILINE)
_ENVIRONMENT = re.compile(
    r"^\s*(?:export\s+)?(MODEL_FAMILY|DATALOADER_CONFIG|DATA_BACKEND_CONFIG)=", re.MULTILINE
)


def refuse_document(document: Mapping[str, Any]) -> None:
    """Refuse a document that is another program's. Raises ConfigError; any other passes."""
    names = {str(name) for name in document}
    config = document.get("config")
    if isinstance(config, dict):  # ai-toolkit keeps all but the kind of job one level down
        names |= {str(name) for name in config}
    for program in _PROGRAMS:
        if len(program.marks & names) >= program.enough:
            raise ConfigError(_refusal(program, document))


def refuse_command(pairs: Mapping[str, Any]) -> None:
    """Refuse a command whose options, without their dashes, are another program's. Raises ConfigError."""
    for program in _PROGRAMS:
        if program.has_commands and len(program.marks & set(pairs)) >= program.enough:
            raise ConfigError(_refusal(program, pairs))


def refuse_text(text: str) -> None:
    """Refuse a text of another form, YAML or a list of variables. Raises ConfigError; any other passes."""
    if _YAML_JOB.search(text) and _YAML_PROCESS.search(text):
        raise ConfigError(_refusal(_AI_TOOLKIT, {}))
    if _ENVIRONMENT.search(text):
        raise ConfigError(_refusal(_SIMPLETUNER, {}))


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
