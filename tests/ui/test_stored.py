"""What lies in the workspace may be damaged in any way: the page opens, and nothing of it is lost."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from core.data.intake.copy_history import Copies
from core.data.undo import History
from core.queue import RunQueue
from ui.run.polling import answer
from ui.tools.runs import View
from ui.window import PROJECT, Draft
from ui.window.captions import CaptionEditor
from ui.window.last_run import Left, look_in_background

FILES = (
    *("window.json", "queue.json", "copies.jsonl", "captions/journal.jsonl", "cache/pictures.jsonl"),
    *("presets/mine.toml", "undo/images.jsonl", "output/x-state/state.json", "output/x-state/manifest.json"),
    *("output/runs/20260101-010101-x/run.toml", "output/runs/20260101-010101-x/events.jsonl"),
    *("output/runs/20260102-010101-y/events.jsonl", "output/y-state/state.json"),
)
HALF = {
    "waiting": [{"id": "a", "text": "\ud800", "name": "\ud800", "folder": "x"}],
    "save.output_name": "\ud800",
}
DAMAGES = {
    "no text": b"\xff\xfe\x00",
    "cut off": b"[1, 2",
    "nested lists": b"[" * 100_000,
    "nested tables": b'{"a":' * 50_000,
    "null": b"null",
    "a list": b"[]",
    "a long number": b'{"step": ' + b"9" * 6000 + b"}",
    "half a character": json.dumps(HALF).encode(),
    "other types": b'{"waiting": [{"id": 5}], "step": "x", "v": 1, "content": 5, "batch": 5, "path": 7}',
    "empty": b"",
}
EXPECTED = {"RecursionError", "Exception", "BaseException"}
RAISES_ON = {
    # it is for the callers to expect it
    *("core/events.py", "core/config/file/json_text.py"),
    # it was looked at just before, or is ours
    *("core/runs/state_folder.py", "core/forecast/measured.py", "core/models/tokens.py"),
    *("core/chinese.py", "ui/window/dialog.py", "ui/serve/uploads.py"),
}


@pytest.fixture(params=DAMAGES)
def damaged(request, window):
    """The window over a workspace in which every file is damaged in one way; gives the bytes of each."""
    data = DAMAGES[request.param]
    for name in FILES:
        (window.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (window.workspace / name).write_bytes(data)
    (window.workspace / "output/y-state/state.json").write_bytes(b'{"step": 3}')
    (window.workspace / "output/runs/20260102-010101-y/run.toml").write_text("[save]", encoding="utf-8")
    window.draft = Draft(window.workspace / "window.json")
    window.queue = RunQueue(window.workspace / "queue.json", lambda: window.runner)
    window.copies = History(window.workspace / "copies.jsonl", Copies())
    window.captions = CaptionEditor(window.workspace, window.may_write_caption)
    window.left = Left()
    look_in_background(window.output, window.left).join()
    return data


def test_the_page_opens_whatever_is_damaged_and_every_file_is_still_there(app, window, damaged):
    for lang in ("en", "ja"):
        app.prepare(lang)
        json.dumps(app.blocks.config, default=str, ensure_ascii=False).encode("utf-8")
        json.dumps(answer(window, lang, {}), ensure_ascii=False).encode("utf-8")
    app.past.look(View(), "en")
    app.past.look(View(), "en")
    assert window.copies.last is None or window.copies.last.files
    assert window.image_facts is not None
    there = [path.read_bytes() for path in window.workspace.rglob("*") if path.is_file()]
    changed = ("output/y-state/state.json",)
    assert there.count(damaged) >= len(FILES) - len(changed)


def json_readers(path: Path) -> list[int]:
    """Lines on which a file reads JSON without expecting that it may be nested without end."""
    found = []

    def walk(node: ast.AST, is_expected: bool) -> None:
        if isinstance(node, ast.Try):
            named = {
                n.id
                for handler in node.handlers
                if handler.type
                for n in ast.walk(handler.type)
                if isinstance(n, ast.Name)
            }
            for child in node.body:
                walk(child, is_expected or bool(named & EXPECTED))
            for child in (*node.handlers, *node.orelse, *node.finalbody):
                walk(child, is_expected)
            return
        if isinstance(node, ast.With):
            calls = {
                n.id for item in node.items for n in ast.walk(item.context_expr) if isinstance(n, ast.Name)
            }
            is_expected = is_expected or "reading" in calls
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "json.loads" and not is_expected:
            found.append(node.lineno)
        for child in ast.iter_child_nodes(node):
            walk(child, is_expected)

    walk(ast.parse(path.read_text("utf-8")), False)
    return found


def test_whoever_reads_json_expects_that_it_is_nested_without_end():
    """Python raises RecursionError for it, which is no ValueError."""
    sources = [*(PROJECT / "core").rglob("*.py"), *(PROJECT / "ui").rglob("*.py")]
    found = {path.relative_to(PROJECT).as_posix(): json_readers(path) for path in sources}
    assert {name: lines for name, lines in found.items() if lines and name not in RAISES_ON} == {}


def test_settings_that_an_editor_saved_with_a_byte_order_mark_are_read(tmp_path):
    path = tmp_path / "window.json"
    path.write_text('{"train.seed": "7"}', encoding="utf-8-sig")
    draft = Draft(path)
    assert draft.values == {"train.seed": "7"} and draft.damaged is None
    assert [file.name for file in tmp_path.iterdir()] == ["window.json"]
