"""A pasted command line of sd-scripts -> pairs of option name and value, as text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import ConfigError, Problem

Pairs = list[tuple[str, Any]]

# Scripts that train something else than Stable Diffusion 1.x and 2.x or a LoRA for them.
_OTHER = re.compile(
    r"(sdxl_|sd3_|flux_|lumina_|hunyuan_|anima_).*\.py|.*(textual_inversion|control_net).*\.py"
)


# Switches that leave a part of the model alone, whatever rate is given for it.
_ONLY: Mapping[str, str] = {
    "network_train_unet_only": "text_encoder_lr",
    "network_train_text_encoder_only": "unet_lr",
}
# Options that take several values, each a word of its own.
_LISTS: Mapping[str, Callable[[list[str]], Any]] = {
    "base_weights": list,
    "base_weights_multiplier": ",".join,
}


def is_command(text: str) -> bool:
    """Whether a text has options such as --seed in it."""
    return re.search(r"(^|\s)--\w", _plain(text)) is not None


def settings(text: str) -> tuple[Pairs, list[Problem]]:
    """Options of the training script; those of `accelerate launch` before it are left to accelerate.

    Lines may be joined by \\, ^ or ` or by nothing. Raises ConfigError.
    """
    words = _words(text)
    scripts = [i for i, word in enumerate(words) if re.fullmatch(r"[^<>=]*\w\.py", word)]
    if len(scripts) > 1:
        raise ConfigError(
            Problem(
                "E-IMPORT-SEVERAL",
                f"there are {len(scripts)} commands here; paste one of them.",
                f"コマンドが{len(scripts)}個あります。1つだけ貼り付けてください。",
            )
        )
    script = re.split(r"[\\/]", words[scripts[0]])[-1] if scripts else ""
    if _OTHER.fullmatch(script):
        raise ConfigError(
            Problem(
                "E-IMPORT-FAMILY",
                f"{script} trains what can't be trained here; train_db.py, fine_tune.py and train_network.py "
                "can be taken.",
                f"{script}の学習には対応していません（train_db.py・fine_tune.py・train_network.pyに対応）。",
            )
        )
    pairs = option_pairs(words[scripts[0] + 1 :] if scripts else words)
    if script == "train_network.py" and "network_module" not in dict(pairs):
        pairs.insert(0, ("network_module", "networks.lora"))
    left_out = {rate for switch, rate in _ONLY.items() if dict(pairs).get(switch)}
    return [pair for pair in pairs if pair[0] not in left_out], []


def _plain(text: str) -> str:
    """What web pages and word processors make of a command, undone: dashes, quotes, wide blanks."""
    text = re.sub(r"(?m)(^|\s)[\u2013\u2014\u2015\u2212](?=[A-Za-z]\w+)", r"\1--", text)
    quotes = {ord(c): '"' for c in "\u201c\u201d\u201e\uff02"} | {ord(c): "'" for c in "\u2018\u2019"}
    return text.translate(quotes | {0x3000: " ", 0xA0: " "})


def _words(text: str) -> list[str]:
    joined = re.sub(r"[\\^`]\s*\n", " ", _plain(text))
    try:
        return shlex.split(joined.replace("\\", "\\\\"))
    except ValueError as e:
        raise ConfigError(
            Problem("E-IMPORT", f"a quote is not closed ({e}).", f"引用符が閉じられていません（{e}）。")
        ) from e


def split(text: str) -> list[str]:
    """The words of a text with quotes in it. Raises ConfigError for a quote that is not closed."""
    return _words(text)


def option_pairs(words: list[str]) -> Pairs:
    """["--a=1", "--b", "2", "--c"] -> [("a", "1"), ("b", "2"), ("c", True)]."""
    pairs: Pairs = []
    values: list[str] = []
    name = ""
    for word in [*words, "--"]:
        if not word.startswith("--"):
            values.append(word)
            continue
        if name:
            pairs.append((name, _LISTS[name](values) if name in _LISTS else _value(values)))
        name, separator, value = word[2:].partition("=")
        values = [value] if separator else []
    return pairs


def _value(values: list[str]) -> Any:
    if not values:
        return True
    # A path with blanks that was not quoted is put together again; lists belong to *_args.
    return values if len(values) > 1 and all("=" in value for value in values) else " ".join(values)
