"""Model files and configs with odd contents are read or refused in a sentence, soon, and within some memory.

A few of each kind here; RAREWORD_MUTATIONS=500 tries so many of each and prints what was found (-s).
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.config.schema.network import NetworkConfig
from core.config.schema.run import ModelConfig
from core.errors import UserError
from core.formats import tensors
from core.formats.identify import identify
from core.formats.weight_file import WeightFile
from core.models import lora_precheck, precheck
from core.models.family import open_family
from core.train.weights import lora_files
from tests.tiny import make_tiny, make_tiny_folder

COUNT = int(os.environ.get("RAREWORD_MUTATIONS", "20"))
LONGEST = 5.0
"""Seconds of one file; a sound one takes a tenth."""
MOST_MEMORY = 512 * 2**20
"""Bytes beside what the process has already."""

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 7, 2**31, 2**63, 10**30, 1e308, -0.5, "", "x", "a" * 10_000, [], [[]], {}, [None],
    {"a": {"b": []}}, [1, 2, 3], [10**9] * 5, ["x"] * 2000, "\x1b[2J", "\ud800", "../../x", float("nan"),
    float("inf"),
)  # fmt: skip
RAW = ("9" * 5000, "[" * 100_000, '{"a":' * 50_000, "1e999", "-", "NaN", '"\\ud800"', "0x10")
"""JSON that no writer would write."""


def places(value: Any) -> list[tuple[Any, ...]]:
    """The path of every value in a JSON document, its root first."""
    found: list[tuple[Any, ...]] = []
    todo: list[tuple[Any, tuple[Any, ...]]] = [(value, ())]
    while todo:
        value, path = todo.pop()
        found.append(path)
        inner = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        todo += [(one, (*path, key)) for key, one in inner]
    return found


def changed_json(text: str, rng: random.Random) -> str:
    """The document with a value or key made odd, once or a few times."""
    document = json.loads(text)
    mark = '"@odd@"'
    for _ in range(rng.choice((1, 1, 2, 4))):
        *above, last = rng.choice(places(document)[1:] or [("x",)])
        holder = document
        for key in above:
            holder = holder[key]
        if isinstance(holder, dict) and rng.random() < 0.2:
            holder[rng.choice(("", "x", "\x00", "ä" * 200, last))] = holder.pop(last)
        elif rng.random() < 0.2:
            holder[last] = "@odd@"
        else:
            holder[last] = copy.deepcopy(rng.choice(ODD))
        if not isinstance(document, dict | list):
            break
    return json.dumps(document).replace(mark, rng.choice(RAW))


def changed_bytes(whole: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, mostly near the start; sometimes cut, lengthened, or a piece moved."""
    found = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        found[rng.randrange(min(len(found), rng.choice((16, 1200, len(found)))))] = rng.randrange(256)
    chance = rng.random()
    if chance < 0.15:
        return bytes(found[: rng.randrange(len(found))])
    if chance < 0.2:
        return bytes(found) + bytes(rng.randrange(1, 99))
    if chance < 0.25:
        start, end = sorted(rng.randrange(len(found)) for _ in range(2))
        return bytes(found[:start] + found[end:] + found[start:end])
    return bytes(found)


def changed_header(whole: bytes, rng: random.Random) -> bytes:
    """A .safetensors file whose header says something odd; the length of the header is right."""
    (length,) = struct.unpack("<Q", whole[:8])
    text = whole[8 : 8 + length].decode()
    text = changed_json(text, rng) if rng.random() < 0.5 else changed_table(json.loads(text), rng)
    raw = text.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(raw)) + raw + whole[8 + length :]


NAMES = (
    "x", "", "a" * 5000, "model.diffusion_model.input_blocks.99999999999.0.op.weight", "unet:0:up",
    "first_stage_model.encoder.down.8888888888.block.0.norm1.weight", "v_pred", "scaled_fp8", "\x1b[2J", "\n",
    "cond_stage_model.model.transformer.resblocks.7777777777.ln_1.weight", "lora_unet_x.hada_w1_a", "..",
    f"model.diffusion_model.input_blocks.{'9' * 5000}.1.x", "conditioner.embedders.1.x", "bundle_emb.x",
)  # fmt: skip
TEXTS = (
    "", "{", "[" * 100_000, '{"unet": 5}', '{"unet.r": 1e999}', '{"unet.r": ' + "9" * 5000 + "}", "null",
    '{"unet.r": 4, "unet.lora_alpha": 8, "unet.alpha_pattern": {"(a+)+$": 1}}', "\x00", "9" * 5000, "\x1b[2J",
    "NaN", json.dumps({part: {"layers_per_block": 10**9} for part in ("unet", "text_encoder", "vae")}),
)  # fmt: skip
KEYS = ("lora_adapter_metadata", "rareword.architecture", "ss_network_alpha", "modelspec.architecture", "x")


def changed_table(table: dict[str, Any], rng: random.Random) -> str:
    """A header that is sound and odd: other names, types, shapes, texts; the bytes still fit."""
    for _ in range(rng.choice((1, 1, 2, 20))):
        name = rng.choice([name for name in table if name != "__metadata__"])
        entry, chance = table[name], rng.random()
        if chance < 0.3:
            other = rng.choice(
                (*NAMES, *table, f"{name}_scale", name + rng.choice((".alpha", ".dora_scale")))
            )
            table[other if other != "__metadata__" else "x"] = table.pop(name)
        elif chance < 0.5:
            same = [("F32", "I32", "U32"), ("F16", "BF16", "I16"), ("F64", "I64"), ("I8", "U8", "F8_E4M3")]
            entry["dtype"] = rng.choice(next((kinds for kinds in same if entry["dtype"] in kinds), ("X9",)))
        elif chance < 0.7:
            shape = entry["shape"]
            entry["shape"] = rng.choice((shape[::-1], [*shape, 1], [1] * 30 + shape, [math.prod(shape)], []))
        else:
            told = table.setdefault("__metadata__", {})
            told[rng.choice(KEYS)] = rng.choice(TEXTS)
    return json.dumps(table)


def weights(path: Path) -> Path:
    """A LoRA as Diffusers writes it, with its settings in the metadata."""
    start = "unet.mid_block.attentions.0.proj_in"
    told = {"unet.r": 4, "unet.lora_alpha": 8, "unet.rank_pattern": {"x": 2}, "unet.alpha_pattern": {}}
    named = {f"{start}.lora_A.weight": torch.ones(4, 16), f"{start}.lora_B.weight": torch.ones(16, 4)}
    return tensors.save(path, named, {"lora_adapter_metadata": json.dumps(told), "ss_network_alpha": "8"})


def look_at_model(path: Path) -> None:
    json.dumps(identify(path).to_json())
    precheck.problems(ModelConfig(base=str(path)))
    open_family("auto").open(ModelConfig(base=str(path)), lambda event: None)


def look_at_lora(path: Path) -> None:
    network = NetworkConfig(method="lora", weights=str(path))
    json.dumps(identify(path).to_json())
    lora_precheck.of_run(network, ModelConfig())
    lora_files.check(network)


def of_file(write: Callable[[Path], Path], name: str, change: Callable[[bytes, random.Random], bytes]) -> Any:
    def prepare(place: Path) -> Callable[[random.Random], Path]:
        path = write(place / name)
        whole = path.read_bytes()

        def once(rng: random.Random) -> Path:
            path.write_bytes(change(whole, rng))
            return path

        return once

    return prepare


def of_folder(place: Path) -> Callable[[random.Random], Path]:
    """A Diffusers folder of which one small file is odd."""
    folder = make_tiny_folder(place / "model")
    index = folder / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    names = [*WeightFile(folder / "unet" / "diffusion_pytorch_model.safetensors").tensors][:20]
    index.write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(names, "x.safetensors")}))
    texts = {path: path.read_text() for path in sorted(folder.rglob("*.json"))}
    whole = folder / "unet" / "diffusion_pytorch_model.safetensors"

    def once(rng: random.Random) -> Path:
        for path, text in texts.items():
            path.write_text(text)
        path = rng.choice([*texts])
        hidden = whole.with_name("hidden")
        if hidden.exists():
            hidden.rename(whole)
        if path == index:
            whole.rename(hidden)  # it would be taken first
        text = changed_json(texts[path], rng)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return folder

    return once


def legacy(path: Path) -> Path:
    torch.save(
        tensors.load(make_tiny(path.with_suffix(".safetensors"))), path, _use_new_zipfile_serialization=False
    )
    return path


SOURCES: dict[str, tuple[Any, Callable[[Path], None]]] = {
    "bytes of a .safetensors": (of_file(make_tiny, "x.safetensors", changed_bytes), look_at_model),
    "header of a .safetensors": (of_file(make_tiny, "x.safetensors", changed_header), look_at_model),
    "bytes of a .ckpt": (of_file(make_tiny, "x.ckpt", changed_bytes), look_at_model),
    "bytes of a .pt from before torch 1.6": (of_file(legacy, "x.pt", changed_bytes), look_at_model),
    "configs of a folder": (of_folder, look_at_model),
    "bytes of a LoRA": (of_file(weights, "x.safetensors", changed_bytes), look_at_lora),
    "header of a LoRA": (of_file(weights, "x.safetensors", changed_header), look_at_lora),
}


def outcome(path: Path, look_at: Callable[[Path], None]) -> str:
    """ "read", or the code of the refusal; what is said is one sentence in each language."""
    try:
        look_at(path)
    except UserError as refused:
        for problem in refused.problems:
            for sentence in (problem.en, problem.ja):
                assert 10 < len(sentence) < 2000 and "\n" not in sentence and "\x1b" not in sentence, sentence
                assert "more memory" not in sentence, sentence
        return refused.problems[0].code
    return "read"


@pytest.fixture
def bounded_memory():
    """An allocation far beyond what a model's header needs fails, and with it the test."""
    if sys.platform != "linux":
        yield
        return
    import resource

    now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MOST_MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("source", SOURCES)
def test_odd_files_are_read_or_refused_in_a_sentence(tmp_path, bounded_memory, caplog, source):
    prepare, look_at = SOURCES[source]
    caplog.set_level("CRITICAL")
    once, rng = prepare(tmp_path), random.Random(source)
    seen: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(COUNT):
        path = once(rng)
        start = time.process_time()
        seen[outcome(path, look_at)] += 1
        slowest = max(slowest, time.process_time() - start)
        assert slowest < LONGEST
    print(f"\n{source}: {COUNT} files, slowest {slowest:.2f} s of processor time, {dict(seen.most_common())}")
