"""The training scripts that a command may name, and what each does where a flag is absent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.config import messages, sd_scripts
from core.config.named_values import Reading
from core.config.schema.run import OPTIONS
from core.errors import ConfigError
from core.families import FAMILIES


@dataclass(frozen=True)
class Script:
    """A script of sd-scripts whose runs can be trained here.

    is_lora: it trains a network, and the model itself otherwise. rests_text_encoder: the text encoder is
    trained only where --train_text_encoder is given. is_embedding: it teaches a word (textual inversion).
    family: of the models that it trains, "" where another option says it.
    """

    is_lora: bool = False
    rests_text_encoder: bool = False
    is_embedding: bool = False
    family: str = ""


TAKEN: Mapping[str, Script] = {
    "train_db.py": Script(),
    "fine_tune.py": Script(rests_text_encoder=True),
    "train_network.py": Script(is_lora=True),
    "train_textual_inversion.py": Script(is_embedding=True),
    **{
        f"{family.script_prefix}{name}.py": script
        for family in FAMILIES.values()
        if family.script_prefix
        for name, script in (
            ("train", Script(rests_text_encoder=True, family=family.name)),
            ("train_network", Script(is_lora=True, family=family.name)),
            ("train_textual_inversion", Script(is_embedding=True, family=family.name)),
        )
    },
}

_OF_DIFFUSERS = re.compile(
    r"train_(dreambooth|text_to_image|lora_dreambooth|custom_diffusion|unconditional|instruct_pix2pix|lcm|"
    r"controlnet_(sd3|flux|sdxl)|t2i_adapter)\w*|textual_inversion(_sdxl)?|"
    r"train_dreambooth_lora|cli_lora_pti|advanced_diffusion_training"
)
_OTHER_KINDS = re.compile(r"\w*(textual_inversion|control_net|controlnet|leco|lllite)\w*")
_OTHER_FAMILIES = re.compile(r"\w+_(train|train_network|finetune)|train_(sdxl|sd3|flux|lumina)\w*")


def refuse(script: str) -> None:
    """Refuse a script that trains what can't be trained here. Raises ConfigError; any other passes.

    script: the file's name, such as "flux_train.py".
    """
    name = script.removesuffix(".py")
    if script in TAKEN:
        return
    if _OF_DIFFUSERS.fullmatch(name):
        raise ConfigError(messages.DIFFUSERS_SCRIPT(script=script))
    if _OTHER_KINDS.fullmatch(name) or _OTHER_FAMILIES.fullmatch(name):
        taken = ", ".join(TAKEN)
        raise ConfigError(messages.OTHER_TRAINING(script=script, known=taken))


def _of_lycoris(reading: Reading) -> None:
    """What LyCORIS does where its arguments say nothing: a LoRA, with the convolutions at the usual rank."""
    place = ("network_module",)
    if "network.method" not in reading.values:
        reading.put("network.method", "lora", place)
        reading.say(place, messages.READ_AS(name="network_module", value='network.method = "lora"'))
    if "network.conv_rank" not in reading.values:
        rank = reading.values.get("network.rank", OPTIONS["network.rank"].default)
        reading.put("network.conv_rank", rank, place)
        if "network.conv_alpha" not in reading.values and "network.alpha" in reading.values:
            reading.put("network.conv_alpha", reading.values["network.alpha"], place)
        reading.say(place, messages.LYCORIS_CONVOLUTIONS(rank=rank))


def _of_embedding(reading: Reading, said_by: str) -> None:
    """Teach a word as sd-scripts does: its learning rate is that of the vectors, whose lengths are free."""
    reading.put("network.method", "embedding", (said_by,))
    reading.say((said_by,), messages.READ_AS(name=said_by, value='network.method = "embedding"'))
    rate = reading.values.pop("train.learning_rate", None)
    if rate is not None:
        reading.put("embedding.embedding_lr", rate, ("learning_rate",))
        reading.say(
            ("learning_rate",), messages.READ_AS(name="learning_rate", value="embedding.embedding_lr")
        )
    reading.put("embedding.keep_norm", False, (said_by,))


def finish(reading: Reading, script: str = "") -> None:
    """Set what the script does where a flag is absent, once everything that is given has been taken.

    script: the file's name, "" when it is not known. A config file of fine_tune.py is known by in_json beside
    no network.
    """
    has_network = any(key.startswith("network.") for key in reading.values)
    if not script and reading.is_foreign and "dataset.in_json" in reading.values and not has_network:
        script = "fine_tune.py"
    facts = TAKEN.get(script, Script())
    if facts.is_lora and "network.method" not in reading.values:
        reading.put("network.method", "lora", (script,))
        reading.say((script,), messages.READ_AS(name=script, value='network.method = "lora"'))
    if facts.is_embedding or (reading.is_foreign and "token_string" in reading.names and not has_network):
        _of_embedding(reading, script or "token_string")
    if "lycoris" in reading.defaults:
        _of_lycoris(reading)
    if facts.family:
        reading.put("model.family", facts.family, (script,), is_switch=True)
        reading.say((script,), messages.READ_AS(name=script, value=f'model.family = "{facts.family}"'))
    is_given = "train_text_encoder" in reading.names or "train.text_encoder_lr" in reading.decided
    if facts.rests_text_encoder and not is_given:
        rests = sd_scripts.text_encoder_rests(f"{script} without train_text_encoder")
        for key, value in rests.values.items():
            reading.put(key, value, (script,), is_switch=True)
        if rests.note:
            reading.say((script,), rests.note)
