"""Settings broken at random, the same for the same seed: bytes, values, names and structure."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from core.config.file import toml_text
from core.config.presets import SHIPPED
from core.config.schema.run import OPTIONS

SPOILT = [
    "1" * 4301,
    "-" + "9" * 400, "1e400", "-1e400", "inf", "nan", "0x" + "f" * 4000, "1_0", "true", "[]", "{}",
    "''",
    '""', "[[[[1]]]]", "{a = {b = 1}}", "[1, 'a', true]", "1979-05-27", "1979-05-27T07:32:00Z",
    "07:32:00",
    "'1e-4'", "'５'", "'０．０００１'", "'10%'", "'-5%'", "'x'", "'1:2,3'", "['a=b', 'c']", "['=']", "[{}]",
    "0.1",
    "-1", "0", "1", "1000000001", "9223372036854775808", "'\\u0000'", '"\\u0000"', '"\\uD800"', "'CON'",
    "'../x'",
    "'" + "a" * 5000 + "'", "[" * 200 + "]" * 200, "'betas=(1,2'", "['betas=(1,2', 'eps={[]:1}']",
    "['x=" + "(" * 3000 + "']", "['conv_dim=4', 5]", "'None'", "'cosine+.x'", "{prompt = 'a'}",
]  # fmt: skip


def texts(seed: int, count: int) -> Iterator[str]:
    """Run files, `count` of them."""
    rng = random.Random(seed)
    valid = _valid()
    for _ in range(count):
        text = rng.choice(valid)
        for _ in range(rng.randint(1, 4)):
            text = rng.choice((_bytes, _value, _value, _name, _line))(rng, text)
        yield text


def imports(seed: int, count: int) -> Iterator[str]:
    """Pasted commands, sd-scripts' TOML and kohya_ss's JSON, `count` of them."""
    rng = random.Random(seed)
    valid = [_command(), _json(), *_valid()[:3]]
    for _ in range(count):
        text = rng.choice(valid)
        for _ in range(rng.randint(1, 4)):
            text = rng.choice((_bytes, _line, _number))(rng, text)
        yield text


def random_bytes(seed: int, count: int) -> Iterator[str]:
    """Texts that were never settings."""
    rng = random.Random(seed)
    for _ in range(count):
        data = rng.randbytes(rng.randint(0, 400))
        yield data.decode(rng.choice(("latin-1", "utf-8", "utf-16-le")), errors="replace")


def _valid() -> list[str]:
    base = {
        "model.base": "m.safetensors",
        "dataset.train_data_dir": "t",
        "sample.sample_prompts": ("a --w 64",),
    }
    whole = toml_text.dumps({**toml_text.values_of(_defaults()), **base})
    guide = "pretrained_model_name_or_path = 'm'\ntrain_data_dir = 't'\nresolution = '512,768'\n" + "".join(
        f"{line}\n"
        for line in (
            "network_module = 'networks.lora'", "network_dim = 8", "network_args = ['conv_dim=4']",
            "optimizer_args = ['betas=0.9,0.99']", "text_encoder_lr = [1e-5, 1e-5]", "xformers = true",
            "mixed_precision = 'bf16'", "full_bf16 = true", "lr_warmup_steps = '10%'",
            "max_token_length = 150",
            "down_lr_weight = 'cosine+.25'", "sample_sampler = 'k_euler'",
        )
    )  # fmt: skip
    presets = [path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.toml"))[:4]]
    return [guide, whole, *presets]


def _defaults():
    from core.config.schema.run import RunConfig

    return RunConfig()


def _command() -> str:
    return (
        "accelerate launch --num_cpu_threads_per_process 1 train_network.py ^\n --network_dim=8 --seed 5 "
        '--pretrained_model_name_or_path="C:\\m.safetensors" \\\n '
        "--optimizer_args weight_decay=0.1 betas=0.9,0.99 --text_encoder_lr 5e-5 5e-5 "
        "--network_train_unet_only --resolution=512,512\npause\n"
    )


def _json() -> str:
    fields = {
        "LoRA_type": "Standard", "network_dim": 8, "max_resolution": "512,512", "epoch": "3", "lr_warmup": 10,
        "optimizer": "AdamW8bit", "stop_text_encoder_training": 30, "unet_lr": 1e-4, "text_encoder_lr": "0",
        "additional_parameters": "--seed 5", "sample_prompts": "a\nb --s 9", "xformers": "xformers",
        "optimizer_args": '"betas=0.9,0.99"', "reg_data_dir": "", "train_data_dir": "t", "seed": "",
    }  # fmt: skip
    return json.dumps(fields, indent=1)


def _bytes(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text) + 1)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:at] + text[at + rng.randint(1, 20) :]
    if kind == 1:
        return (
            text[:at] + chr(rng.choice((0, 9, 10, 34, 39, 61, 91, 92, 93, 123, 0x3000, 0xD7FF))) + text[at:]
        )
    if kind == 2:
        return text[:at]
    return text[:at] + rng.choice(SPOILT) + text[at:]


def _value(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    places = [n for n, line in enumerate(lines) if "=" in line and line[:1].isalpha()]
    if places:
        n = rng.choice(places)
        lines[n] = f"{lines[n].split('=')[0]}= {rng.choice(SPOILT)}"
    return "\n".join(lines)


def _name(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    section, name = rng.choice([*OPTIONS]).split(".")
    header = next((n for n, line in enumerate(lines) if line == f"[{section}]"), None)
    if header is None:
        lines += [f"[{section}]", f"{name} = {rng.choice(SPOILT)}"]
    else:
        lines.insert(header + 1, f"{name} = {rng.choice(SPOILT)}")
    return "\n".join(lines)


def _line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    n = rng.randrange(len(lines))
    return "\n".join([*lines[:n], lines[rng.randrange(len(lines))], *lines[n + rng.randint(0, 1) :]])


def _number(rng: random.Random, text: str) -> str:
    places = [n for n, c in enumerate(text) if c.isdigit()]
    if not places:
        return text
    n = rng.choice(places)
    return text[:n] + rng.choice(SPOILT) + text[n + 1 :]
