"""What check, import, plan and inspect answer to many inputs; sentences may be reworded, codes stay."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.config.check import check
from core.config.file import toml_text
from core.config.imports import read_any
from core.config.schema.run import RunConfig
from core.data.plan import as_json
from core.data.plan import plan as plans
from core.errors import Problem, UserError
from core.models import tokens
from core.tools.inspect import inspect
from tests.baseline import runs

ROOT = Path(__file__).resolve().parents[2]
INPUTS = Path(__file__).with_name("inputs.json")
"""What the tests of the readers give them: pairs of "check" or "import" and a text."""

PLANS: dict[str, dict[str, Any]] = {
    "squares": {},
    "regularization": {"reg_data_dir": "reg", "train_batch_size": 3},
    "buckets": {"train_data_dir": "shapes", "enable_bucket": True, "min_bucket_reso": 64},
    "buckets, no upscale, by the logarithm": {
        "train_data_dir": "shapes",
        "enable_bucket": True,
        "bucket_no_upscale": True,
        "bucket_rule": "log",
        "min_bucket_reso": 64,
    },
    "validation": {"validation_split": 0.4},
    "prefix and wildcards": {"caption_prefix": "a photo of", "enable_wildcard": True},
}


def all_readers() -> dict[str, Any]:
    """Every input and its answer."""
    made: dict[str, Any] = {"check": {}, "import": {}}
    for kind, text in _texts():
        made[kind][text] = _checked(text) if kind == "check" else _imported(text)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        runs.make_inputs(place)
        made["plan"] = {name: _plan(place, given) for name, given in PLANS.items()}
        made["inspect"] = {name: _inspect(path, place) for name, path in _models(place)}
    return json.loads(json.dumps(made))


def _texts() -> Iterable[tuple[str, str]]:
    yield from (tuple(pair) for pair in json.loads(INPUTS.read_text("utf-8")))
    for path in (*sorted((ROOT / "tests" / "guide").glob("*.toml")), ROOT / "demo" / "run.toml"):
        yield "check", path.read_text("utf-8")
    for path in sorted((ROOT / "presets").glob("*.toml")):
        yield "import", path.read_text("utf-8")


def _problems(found: Iterable[Problem]) -> list[Any]:
    return sorted([problem.code, problem.key, problem.line or 0] for problem in found)


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the defaults."""
    usual = toml_text.values_of(RunConfig())
    here = f"{os.getcwd()}{os.sep}"
    return {
        key: json.loads(json.dumps(value, default=str).replace(here, ""))
        for key, value in sorted(values.items())
        if value != usual.get(key)
    }


def _checked(text: str) -> dict[str, Any]:
    try:
        found = check(text)
    except UserError as e:
        return {"problems": _problems(e.problems)}
    return {"values": _values(toml_text.values_of(found.config)), "problems": _problems(found.notices)}


def _imported(text: str) -> dict[str, Any]:
    try:
        found = read_any.import_text(text)
    except UserError as e:
        return {"problems": _problems(e.problems)}
    return {"values": _values(found.values), "problems": _problems(found.report)}


def _plan(place: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    folders = {
        key: str(place / value) for key, value in given.items() if key in ("train_data_dir", "reg_data_dir")
    }
    usual = {"resolution": 64, "caption_extension": ".txt", "train_data_dir": str(place / "train")}
    values = {f"dataset.{key}": value for key, value in {**usual, **given, **folders}.items()}
    config = check(toml_text.dumps({**values, "model.base": str(place / "sd1.safetensors")})).config
    plan = plans.make(config.dataset, 1)
    told = as_json.values(plan, config.train, tokens.count_tokens, config.model.max_token_length)
    told = json.loads(json.dumps(told).replace(str(place), "PLACE"))
    for kind in ("problems", "notices"):
        told[kind] = sorted(problem["code"] for problem in told[kind])
    return told


def _models(place: Path) -> Iterable[tuple[str, Path]]:
    yield from (("sd1", place / "sd1.safetensors"), ("sd2", place / "sd2.safetensors"))
    yield from (
        ("folder", ROOT / "demo" / "base_config"),
        ("image", place / "train" / "2_sls frog" / "0.png"),
    )
    yield from (("demo", ROOT / "demo" / "base.safetensors"), ("nothing", place / "none.safetensors"))


def _inspect(path: Path, place: Path) -> dict[str, Any]:
    printed, code = inspect(path, "en", True)
    text = re.sub(f"{re.escape(str(place))}|{re.escape(str(ROOT))}", "PLACE", printed)
    try:
        told = json.loads(text)
    except json.JSONDecodeError:
        return {"exit": code}
    told["problems"] = sorted(problem["code"] for problem in told.get("problems", ()))
    return {"exit": code, **told}
