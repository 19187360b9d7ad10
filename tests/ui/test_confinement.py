"""Whoever may use a shared window reaches nothing outside its folders, by whatever field he names it.

All of it, not a sample: HOSTILE=all pytest tests/ui/test_confinement.py
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.errors import UserError
from tests.ui.fake import make_window
from tests.ui.test_hostile import asked
from ui.app import App
from ui.settings.form import Form

CANARY = "canary9c2e"
_watched: list[tuple[str, list[str]]] = []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    for folder, seen in _watched:
        if any(isinstance(arg, str | bytes | os.PathLike) and folder in os.fsdecode(arg) for arg in args):
            seen.append(f"{event} {args[0]}")


@contextmanager
def untouched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is done to a folder or anything in it: opened, listed, copied, looked at."""
    seen: list[str] = []
    if not getattr(_hook, "is_there", False):
        sys.addaudithook(_hook)
        _hook.is_there = True  # type: ignore[attr-defined]
    _watched.append((str(folder), seen))
    with monkeypatch.context() as patch:
        for name in ("stat", "lstat", "access", "readlink"):
            real = getattr(os, name)

            def looked(path: Any, *args: Any, real: Any = real, name: str = name, **more: Any) -> Any:
                _hook(name, (path,))
                return real(path, *args, **more)

            patch.setattr(os, name, looked)
        yield seen
    _watched.clear()


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the owner's with everything that a field could ask for."""
    folder = tmp_path_factory.mktemp("owner") / "private"
    (folder / "20_x frog").mkdir(parents=True)
    (folder / "models").mkdir()
    for place in (folder, folder / "20_x frog"):
        Image.new("RGB", (64, 64)).save(place / f"{CANARY}.png")
        (place / f"{CANARY}.txt").write_text(f"{CANARY}, frog", encoding="utf-8")
    (folder / "list.json").write_text(json.dumps([{"prompt": CANARY}]), encoding="utf-8")
    (folder / "list.toml").write_text(f'[prompt]\n[[prompt.subset]]\nprompt = "{CANARY}"\n', encoding="utf-8")
    (folder / "list.txt").write_text(CANARY, encoding="utf-8")
    return folder


def names(folder: Path) -> dict[str, str]:
    """Ways to name what lies there."""
    up = os.path.relpath(folder)
    return {
        "itself": str(folder),
        "an image": f"{folder}/{CANARY}.png",
        "json": f"{folder}/list.json",
        "toml": f"{folder}/list.toml",
        "upwards": up,
        "upwards from what is allowed": f"demo/../{up}",
        "the root": f"{folder}/models/..",
        "blanks": f'  "{folder}"  ',
        "a pasted command": f"accelerate launch train_network.py --train_data_dir={folder} "
        f"--sample_prompts={folder}/list.txt --network_weights={folder}/models --in_json={folder}/list.json",
        "pasted datasets": f'[[datasets]]\n[[datasets.subsets]]\nimage_dir = "{folder}/20_x frog"\n',
    }


STRANGE = (
    *("/etc", "/etc/passwd", "..\\..\\x", "~", "~root/x", "//host/share", "\\\\host\\share", "\\\\?\\C:\\x"),
    *(
        "C:x",
        "C:\\x",
        "x::$DATA",
        "/proc/self/environ",
        "/dev/stdin",
        "file:///etc/passwd",
        "http://127.0.0.1/x",
    ),
    *("../../../../etc", "demo/../../x", "a\0b", "a\nb", "x" * 5000, "/" + "x/" * 600, "NUL", "con.txt"),
)


@pytest.mark.parametrize("option", [o.key for o in walk(RunConfig) if o.meta.path])
def test_no_option_that_is_a_path_leads_out_of_a_shared_window(tmp_path, secret, monkeypatch, option):
    form = Form(make_window(tmp_path, is_local=False).paths)
    link = tmp_path / "workspace" / "link"
    link.symlink_to(secret)
    texts = [*STRANGE, *names(secret).values(), str(link), f"{link}/list.json"]
    taken = []
    with untouched(secret, monkeypatch) as seen:
        for text in texts:
            try:
                taken.append((text, form.collect({option: text})[option]))
            except UserError as e:
                assert {problem.key for problem in e.problems} == {option}
    # What is only a name of a file in the program's own folder is none of the owner's.
    assert [text for text, value in taken if value not in (None, "") and secret.name in str(value)] == []
    assert not [text for text, _ in taken if text.startswith(("/", "~", "\\", "..", "http", "file", "//"))]
    # A link has to be followed to know where it leads; nothing there is opened or listed.
    assert [what for what in seen if not what.startswith(("lstat", "readlink", "os.readlink"))] == []


def test_locally_any_path_may_be_typed_but_network_shares_and_devices(tmp_path, secret):
    form = Form(make_window(tmp_path).paths)
    assert form.collect({"dataset.train_data_dir": str(secret)})["dataset.train_data_dir"] == str(secret)
    for text in ("//host/share", "\\\\host\\share", "http://127.0.0.1/x", "file:///etc/passwd", "a\0b"):
        with pytest.raises(UserError):
            form.collect({"dataset.train_data_dir": text})


def test_no_field_of_the_page_tells_what_lies_outside(tmp_path, secret, monkeypatch):
    window = make_window(tmp_path, is_local=False)
    app = App(window)
    chosen = [
        (event, name, text)
        for event in app.blocks.fns.values()
        if event.fn is not None and any(isinstance(b, gr.Textbox | gr.Dropdown) for b in event.inputs)
        for name, text in names(secret).items()
    ]
    if os.environ.get("HOSTILE") != "all":
        chosen = random.Random(3).sample(chosen, 60)
    told, touched = [], []
    for event, name, text in chosen:
        inputs = [
            text if isinstance(block, gr.Textbox | gr.Dropdown) else getattr(block, "value", None)
            for block in event.inputs
        ]
        with untouched(secret, monkeypatch) as seen:
            try:
                answer = asyncio.run(asked(app.blocks, event, inputs, {"act": "x", "on": text, "step": text}))
            except gr.Error as error:
                answer = error.message
        if CANARY in json.dumps(answer, default=str).replace(text, ""):
            told.append((event.name, event._id, name))
        touched += [(event.name, event._id, name, what) for what in seen]
    assert told == []
    assert touched == []
