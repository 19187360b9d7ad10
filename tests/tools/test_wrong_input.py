"""Wrong input to every tool in the console: one sentence, exit 2, and no file or folder left behind."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from core.cli import main
from core.tools.table import TOOLS
from tests.tiny import make_tiny
from tests.tools.test_compare import a_run
from tests.tools.tiny_adapter import tiny_adapter

WORKS: dict[str, dict[str, str]] = {
    "convert": {"source": "model", "target": "new"},
    "inspect": {"file": "model"},
    "resize": {"source": "images", "target": "new", "resolution": "=64"},
    "caption": {"source": "images"},
    "regularize": {"model": "model", "out": "new", "prompt": "=frog", "count": "=1", "steps": "=1"},
    "utf8": {"folder": "images"},
    "lr-range": {"file": "run.toml"},
    "hub-upload": {"file": "model", "repo": "=me/x"},
    "merge-model": {"model": "model", "adapters": "adapter", "target": "new"},
    "merge-adapters": {"adapters": "adapter", "target": "new"},
    "resize-adapter": {"source": "adapter", "target": "new"},
    "convert-adapter": {"source": "adapter", "target": "new"},
    "extract": {"base": "model", "tuned": "model", "target": "new"},
    "weights": {"file": "adapter"},
    "layers": {"file": "run.toml"},
    "compare": {"run": "run", "out": "new"},
    "judge": {"run": "run"},
}
"""What each tool is given: what lies in `place` under these names, or =text."""

BROKEN = ("missing", "text", "cut", "empty", "image", "folder")
"""Names in `place` that no tool can do anything with."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    """Files that tools work on, and files that none works on."""
    place = tmp_path_factory.mktemp("place")
    make_tiny(place / "model.safetensors")
    tiny_adapter(place / "adapter.safetensors")
    tiny_adapter(place / "xl.safetensors", "sdxl")
    (place / "images" / "2_sls frog").mkdir(parents=True)
    Image.new("RGB", (64, 64), (90, 120, 30)).save(place / "images" / "2_sls frog" / "a.png")
    tiny_adapter(place / "output" / "frog.safetensors")
    assert a_run(place / "output", place / "model.safetensors", {10: "frog.safetensors"}) == place / RUN
    (place / "text.safetensors").write_text("no model at all", encoding="utf-8")
    whole = (place / "adapter.safetensors").read_bytes()
    (place / "cut.safetensors").write_bytes(whole[: len(whole) // 2])
    (place / "empty.safetensors").touch()
    Image.new("RGB", (8, 8)).save(place / "image.safetensors", "PNG")
    (place / "folder").mkdir()
    return place


RUN = "output/runs/20261129-120000-frog"
FILES = {
    "images": "images",
    "run": RUN,
    "run.toml": f"{RUN}/run.toml",
    "folder": "folder",
    "new": "made/new",
    "captioner": "folder",
    "missing": "none/at/all",
    "inside": "model.safetensors/x",
}


def path_of(place: Path, name: str) -> str:
    return name[1:] if name.startswith("=") else str(place / FILES.get(name, f"{name}.safetensors"))


def tree(place: Path) -> dict[str, int]:
    """Every file and folder, and when it was written."""
    return {str(path): path.stat().st_mtime_ns if path.is_file() else 0 for path in place.rglob("*")}


def refused(monkeypatch, place: Path, name: str, given: dict[str, str], lang: str) -> str:
    """What the console says at last; it must have refused, and left everything as it was."""
    tool, out = TOOLS[name], io.StringIO()
    monkeypatch.setattr("core.console.take_over", lambda log: out)
    positional = [
        o.name for o in tool.options if o.field.is_required() and o.name not in ("resolution", "repo")
    ]
    words = [path_of(place, given[option]) for option in positional]
    for option in [option for option in given if option not in positional]:
        values = given[option].split() if option == "adapters" else [given[option]]
        words += [f"--{option}={path_of(place, value)}" for value in values]
    before = tree(place)
    code = main(["tools", name, "--lang", lang, *words])
    text = out.getvalue()
    assert code == 2 and "Traceback" not in text and "Internal error" not in text, text
    assert tree(place) == before
    return text


INPUTS = [
    (name, option)
    for name, given in WORKS.items()
    for option, good in given.items()
    if good in ("model", "adapter", "images", "run", "run.toml")
]


@pytest.mark.parametrize(("name", "option"), INPUTS)
def test_what_is_no_input_is_refused_in_a_sentence(monkeypatch, shared, name, option):
    for number, wrong in enumerate(BROKEN):
        if wrong == "folder" and WORKS[name][option] in ("images"):
            continue
        refused(monkeypatch, shared, name, {**WORKS[name], option: wrong}, ("en", "ja", "zh")[number % 3])


TARGETS = ("convert", "merge-model", "merge-adapters", "resize-adapter", "convert-adapter", "extract")


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("target", ["model", "adapter", "inside"])
def test_a_target_that_is_there_or_cant_be_is_refused(monkeypatch, shared, name, target):
    refused(monkeypatch, shared, name, {**WORKS[name], "target": target}, "ja")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("convert", {"precision": "=fp64"}),
        ("resize", {"target": "images"}),
        ("resize", {"target": "inside"}),
        ("resize", {"source": "folder"}),
        ("resize", {"resolution": "=0"}),
        ("resize", {"resolution": "=wide"}),
        ("resize", {"divisor": "=7"}),
        ("caption", {"model": "missing"}),
        ("caption", {"model": "folder"}),
        ("caption", {"model": "text"}),
        ("caption", {"general": "=2"}),
        ("caption", {"batch": "=0"}),
        ("caption", {"length": "=epic"}),
        ("regularize", {"steps": "=0"}),
        ("regularize", {"count": "=-1"}),
        ("regularize", {"scale": "=nan"}),
        ("regularize", {"prompt": "= "}),
        ("regularize", {"model": "adapter"}),
        ("regularize", {"out": "inside"}),
        ("utf8", {"encoding": "=klingon"}),
        ("lr-range", {"steps": "=1"}),
        ("lr-range", {"lowest": "=0"}),
        ("hub-upload", {"repo": "=no name"}),
        ("merge-model", {"adapters": "xl"}),
        ("merge-model", {"adapters": "model"}),
        ("merge-model", {"model": "adapter"}),
        ("merge-model", {"strengths": "=1,2"}),
        ("merge-adapters", {"strengths": "=strong"}),
        ("merge-adapters", {"adapters": "adapter xl"}),
        ("merge-adapters", {"adapters": "model"}),
        ("merge-adapters", {"way": "=svd", "rank": "=0"}),
        ("merge-adapters", {"base": "missing"}),
        ("resize-adapter", {"source": "model"}),
        ("resize-adapter", {"rank": "=-3"}),
        ("resize-adapter", {"rank": "=many"}),
        ("resize-adapter", {"dynamic_method": "=sv_fro", "dynamic_param": "=7"}),
        ("resize-adapter", {"dynamic_method": "=sv_ratio", "dynamic_param": "=0"}),
        ("convert-adapter", {"names": "=webui"}),
        ("convert-adapter", {"source": "model"}),
        ("extract", {"tuned": "adapter"}),
        ("extract", {"tuned": "xl"}),
        ("extract", {}),
        ("extract", {"min_diff": "=-1"}),
        ("extract", {"clamp_quantile": "=2"}),
        ("weights", {"file": "model"}),
        ("compare", {"strengths": "=strong"}),
        ("compare", {"run": "=", "adapters": "adapter"}),
        ("judge", {"count": "=1"}),
        ("weights", {"base": "xl"}),
    ],
)
def test_values_that_cant_be_are_refused_in_a_sentence(monkeypatch, shared, name, given):
    refused(monkeypatch, shared, name, {**WORKS[name], **given}, "ja")


def test_every_tool_is_among_them():
    assert WORKS.keys() == TOOLS.keys()


@pytest.mark.parametrize(
    ("words", "en", "ja"),
    [
        (
            [],
            "these arguments are missing: source, target.",
            "必要な引数が指定されていません：source, target",
        ),
        (["a", "b", "--ranq=3"], "there is no argument --ranq=3;", "--ranq=3 という引数はありません"),
        (["a", "b", "--rank"], "--rank needs a value after it.", "--rank の後に値を指定してください。"),
        (["a", "b", "--rank=x"], "--rank must be a whole number, not x.", "--rank には整数を指定"),
        (["a", "b", "--dynamic_param=x"], "--dynamic_param must be a number, not x.", "数値を指定"),
        (
            ["a", "b", "--precision=x"],
            "--precision can't be x; choose one of: auto, float, fp16, bf16.",
            "--precision に x は指定できません",
        ),
        (
            ["a", "b", "--verbose=x"],
            "--verbose is a switch and takes no value; x was given.",
            "--verbose は値を取らない",
        ),
        (
            ["a", "b", "--dynamic=1"],
            "--dynamic=1 may mean --dynamic_method, --dynamic_param; write",
            "--dynamic=1 は",
        ),
    ],
)
def test_wrong_arguments_are_told_in_the_users_language(monkeypatch, words, en, ja):
    for lang, said in (("en", en), ("ja", ja)):
        out = io.StringIO()
        monkeypatch.setattr("core.console.take_over", lambda log, out=out: out)
        assert main(["tools", "resize-adapter", "--lang", lang, *words]) == 2
        assert said in out.getvalue().splitlines()[-1]


def test_what_a_command_lacks_is_told_in_the_users_language(capsys):
    with pytest.raises(SystemExit) as left:
        main(["plan", "--lang", "ja"])
    assert left.value.code == 2 and "必要な引数が指定されていません：RUN.toml" in capsys.readouterr().err
