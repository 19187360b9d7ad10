"""The rules of the house: arrows point down, no circles, no torch where none belongs, small files."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each folder or file of the core stands on a floor; it may import what stands on the same or a lower one.
FLOORS = [
    {
        "core.errors",
        "core.counting",
        "core.reading",
        "core.files",
        "core.patience",
        "core.catalog",
        "core.events",
        "core.control",
        "core.alive",
        "core.signals",
        "core.diffusion",
    },
    {"core.config", "core.formats", "core.sinks", "core.sheet", "core.console", "core.pick"},
    {"core.data", "core.models", "core.adapters"},
    {"core.train", "core.tools"},
    {"core.runs", "core.compare", "core.forecast"},
    {"core.ending", "core.run_folder", "core.runner", "core.queue"},
    {"core.cli", "core.__main__"},
    {"ui", "ui.light", "ui.text"},
    {"ui.parts"},
    {"ui.window"},
    {"ui.settings"},
    {"ui.dataset", "ui.run", "ui.tools"},
    {"ui.app", "ui.theme"},
    {"ui.serve"},
    {"gui"},
]
# Started by the launchers before anything is installed, so they stand apart.
APART = {"core.setup_env", "core.setup_pip", "core.setup_torch"}
PURE = [
    "core.config.check",
    "core.config.preset",
    "core.config.importing",
    "core.config.describe",
    "core.data.plan",
    "core.data.preview",
    "core.forecast.phases",
    "core.formats.identify",
    "core.formats.metadata",
    "core.runner",
    "core.cli",
    "core.sinks",
    "core.runs",
    "core.models.add_on",
    "core.models.look",
    "core.models.sd.tokens",
    "core.train.prompts",
    "ui.app",
    "gui",
]
LONGEST_FILE = 400
LONGEST_FUNCTION = {"core/train/loop.py": 120}
MOST_PARAMETERS = 8


@functools.cache
def sources() -> list[Path]:
    return sorted([*(ROOT / "core").rglob("*.py"), *(ROOT / "ui").rglob("*.py"), ROOT / "gui.py"])


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def modules() -> set[str]:
    return {module_of(path) for path in sources()}


@functools.cache
def imports_of(path: Path) -> set[str]:
    """Modules of the project that a file imports anywhere, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & modules()) or {node.module}
    return {name for name in found if name.split(".")[0] in ("core", "ui", "gui")}


def place_of(module: str) -> str:
    """The folder or file of the floor plan that a module belongs to."""
    parts = module.split(".")
    return ".".join(parts[:2])


def floor_of(module: str) -> int:
    return next(i for i, floor in enumerate(FLOORS) if place_of(module) in floor)


def python_files(*, apart: bool = False) -> list[Path]:
    return [p for p in sources() if apart or module_of(p) not in APART | {"core"}]


@pytest.mark.parametrize("path", python_files(), ids=module_of)
def test_no_import_points_upward(path):
    upward = [
        name
        for name in imports_of(path)
        if name not in ("core",) and floor_of(name) > floor_of(module_of(path))
    ]
    assert upward == []


def test_no_folder_imports_in_a_circle():
    graph: dict[str, set[str]] = {}
    for path in python_files():
        here = place_of(module_of(path))
        graph.setdefault(here, set()).update(
            place_of(name) for name in imports_of(path) if place_of(name) != here
        )
    done: set[str] = set()

    def visit(place: str, above: tuple[str, ...]) -> None:
        assert place not in above, " -> ".join([*above, place])
        if place not in done:
            for below in graph.get(place, ()):
                visit(below, (*above, place))
            done.add(place)

    for place in graph:
        visit(place, ())


@pytest.mark.parametrize("path", sorted((ROOT / "core").rglob("*.py")), ids=module_of)
def test_the_core_knows_no_gradio(path):
    assert "gradio" not in {
        name.split(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }


def test_what_is_pure_is_imported_without_torch():
    # One after the other in one process: the first that brings torch in is named.
    code = (
        "import importlib, sys\n"
        f"for name in {PURE}:\n"
        "    importlib.import_module(name)\n"
        "    found = {'torch', 'transformers'} & set(sys.modules)\n"
        "    if found: sys.exit(f'{name} imports {found}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", python_files(apart=True), ids=module_of)
def test_no_file_is_longer_than_a_person_keeps_in_mind(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", python_files(apart=True), ids=module_of)
def test_no_function_is_longer_than_a_screen(path):
    limit = LONGEST_FUNCTION.get(path.relative_to(ROOT).as_posix(), 60)
    long = {f.name: (f.end_lineno or 0) - f.lineno + 1 for f in functions_of(path)}
    assert {name: lines for name, lines in long.items() if lines > limit} == {}


@pytest.mark.parametrize("path", python_files(apart=True), ids=module_of)
def test_no_function_takes_more_than_eight_parameters(path):
    counts = {
        f.name: len([a for a in f.args.posonlyargs + f.args.args if a.arg not in ("self", "cls")])
        for f in functions_of(path)
    }
    # opt() is the declaration form itself: its keywords are the columns of the options table.
    assert {name: n for name, n in counts.items() if n > MOST_PARAMETERS} == {}


@pytest.mark.parametrize("path", python_files(apart=True), ids=module_of)
def test_no_global_state_is_written_and_no_fault_is_swallowed(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Global), f"line {node.lineno}: global"
        if isinstance(node, ast.ExceptHandler):
            is_broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception")
            is_empty = all(isinstance(inner, ast.Pass) for inner in node.body)
            assert not (is_broad and is_empty), f"line {node.lineno}: a swallowed fault"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("eval", "exec"), f"line {node.lineno}: {node.func.id}"
        if isinstance(node, ast.keyword) and node.arg == "shell":
            assert not getattr(node.value, "value", True), "shell=True"


@pytest.mark.parametrize("path", python_files(), ids=module_of)
def test_every_file_opens_with_what_it_holds(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
