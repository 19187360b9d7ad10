"""The rules of the house: arrows point down, no circles, no torch where none belongs, small files."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LEVELS = [
    "core.chinese",
    "core core.catalog core.control core.limits core.signals ui.fast_gradio_import",
    "core.counting core.families",
    "core.errors",
    "core.events core.messages core.train.messages",
    "core.arguments core.files core.console core.sinks core.diffusion core.data.keyed_random "
    "core.config.nearest core.config.messages core.config.output_names core.config.sd_scripts_reference "
    "core.models core.train core.data core.config core.models.messages",
    "core.models.hub_token",
    "core.reading core.webhook core.patience core.config.path_lengths core.config.schema "
    "core.data.names core.models.hub core.models.tokens",
    "core.trash core.adapters core.config.pydantic_messages core.data.buckets core.data.undo",
    "core.config.lycoris_args",
    "core.config.memory_savers core.config.network_args core.config.optimizer_args core.data.captions "
    "core.data.records core.formats",
    "core.config.file core.config.rules core.config.sd_scripts core.data.images core.data.intake "
    "core.config.base_family core.models.family core.models.fit core.models.refusals core.train.device "
    "core.train.early_stop core.train.seeds core.ending",
    "core.config.named_values core.config.option_docs core.data.curate core.data.sources "
    "core.models.precheck core.models.draw core.models.headers core.models.lora_precheck core.models.parts "
    "core.models.embedding_precheck core.models.sd core.models.suited core.runs core.captioners core.judges",
    "core.config.by_family core.config.training_scripts core.data.caption_editor core.models.sdxl "
    "core.train.output_places core.train.weights",
    "core.config.check core.data.plan core.train.run_checks",
    "core.config.imports core.config.presets core.data.health core.forecast core.train.inputs "
    "core.train.lengths",
    "core.run_folder core.train.outputs core.train.resuming core.train.prior core.train.validation",
    "core.queue_entries core.train.step",
    "core.tools core.train.training",
    "core.train.pause",
    "core.train.loop",
    "core.train.faults",
    "core.train.ending",
    "core.train.run",
    "core.runner core.sweep core.train.lr_range core.queue_tools",
    "core.cli core.queue",
    "core.__main__ core.when_idle ui ui.text",
    "ui.parts",
    "ui.window",
    "ui.settings",
    "ui.dataset ui.run ui.tools",
    "ui.app ui.theme",
    "ui.serve",
    "gui",
]
"""Rooms, lowest first: a room may import rooms of a lower level, a file only itself and its own room besides.

A room is a folder that has no folders inside, or a single file of one that has.
"""

APART = "core.setup"
"""Started by the launchers before anything is installed: it imports nothing else, and nothing imports it."""

PURE = [
    "core.config.check",
    "core.config.presets",
    "core.config.imports.read_any",
    "core.config.option_docs",
    "core.data.plan.plan",
    "core.data.plan.thumbnails",
    "core.forecast.phases",
    "core.formats.identify",
    "core.formats.metadata",
    "core.runner",
    "core.cli",
    "core.sinks",
    "core.runs.past_runs",
    "core.models.lora_precheck",
    "core.models.precheck",
    "core.models.tokens",
    "core.models.sd.files",
    "core.runs.sample_prompts",
    "ui.app",
    "gui",
]
LONGEST_FILE = 400
LONGEST_FUNCTION = {"core/train/loop.py": 120}
MOST_PARAMETERS = 8


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def sources() -> dict[str, tuple[Path, str, ast.Module]]:
    """Each module of the program: its path, its text, and that parsed."""
    paths = [*(ROOT / "core").rglob("*.py"), *(ROOT / "ui").rglob("*.py"), ROOT / "gui.py"]
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(paths)}
    return {module_of(path): (path, text, ast.parse(text)) for path, text in texts.items()}


@functools.cache
def imports() -> dict[str, set[str]]:
    """Modules of the project that each imports anywhere, functions included."""
    found: dict[str, set[str]] = {}
    for name, (_, _, tree) in sources().items():
        named: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                inner = {f"{node.module}.{alias.name}" for alias in node.names} & sources().keys()
                named |= inner or {node.module}
        found[name] = {other for other in named if other.split(".")[0] in ("core", "ui", "gui")} - {name}
    return found


@functools.cache
def folders() -> set[str]:
    return {name.rpartition(".")[0] for name in sources()} - {""}


def room_of(module: str) -> str:
    """The folder of a module, or itself where that folder has folders inside."""
    if module in folders():
        return module
    folder = module.rpartition(".")[0]
    has_rooms = any(other.startswith(f"{folder}.") for other in folders())
    return module if has_rooms or not folder else folder


def is_apart(module: str) -> bool:
    return module.split(".")[:2] == APART.split(".")


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, (_, _, tree) in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name, node


def test_every_room_stands_on_one_level_and_every_level_has_rooms_only():
    rooms = [room for level in LEVELS for room in level.split()]
    assert len(rooms) == len(set(rooms))
    assert set(rooms) == {room_of(name) for name in sources() if not is_apart(name)}


def test_no_import_points_upward_or_to_another_room_of_the_same_level():
    level_of = {room: n for n, level in enumerate(LEVELS) for room in level.split()}
    wrong = []
    for name, others in imports().items():
        here = room_of(name)
        for other in others:
            there = room_of(other)
            if is_apart(name) or is_apart(other):
                wrong += [f"{name} -> {other}"] if is_apart(name) != is_apart(other) else []
            elif here != there and other != "core" and level_of[there] >= level_of[here]:
                wrong.append(f"{name} -> {other}")
    assert sorted(wrong) == []


def test_no_file_imports_itself_through_others():
    done: set[str] = set()
    circles: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circles.append(" -> ".join([*above[above.index(name) :], name]))
        elif name not in done:
            for other in imports().get(name, ()):
                visit(other, (*above, name))
            done.add(name)

    for name in sources():
        visit(name, ())
    assert circles == []


def test_the_core_knows_no_gradio():
    wrong = [
        name
        for name, (_, _, tree) in sources().items()
        if name.split(".")[0] == "core"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "gradio" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gradio")
    ]
    assert wrong == []


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


def test_no_file_and_no_function_is_longer_than_a_person_keeps_in_mind():
    lengths = {name: len(text.splitlines()) for name, (_, text, _) in sources().items()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}
    long = {}
    for name, f in functions():
        lines = (f.end_lineno or 0) - f.lineno + 1
        if lines > LONGEST_FUNCTION.get(sources()[name][0].relative_to(ROOT).as_posix(), 60):
            long[f"{name}.{f.name}"] = lines
    assert long == {}
    # opt() is the declaration form itself: its keywords are the columns of the options table.
    taken = {
        f"{name}.{f.name}": len([a for a in f.args.posonlyargs + f.args.args if a.arg not in ("self", "cls")])
        for name, f in functions()
    }
    assert {name: count for name, count in taken.items() if count > MOST_PARAMETERS} == {}


def _faults(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Global):
        yield "global"
    if isinstance(node, ast.ExceptHandler):
        is_broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception")
        if is_broad and all(isinstance(inner, ast.Pass) for inner in node.body):
            yield "a swallowed fault"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
        yield node.func.id
    if isinstance(node, ast.keyword) and node.arg == "shell" and getattr(node.value, "value", True):
        yield "shell=True"


def test_no_global_state_is_written_no_fault_is_swallowed_and_every_file_says_what_it_holds():
    wrong = [
        f"{name}, line {getattr(node, 'lineno', 0)}: {fault}"
        for name, (_, _, tree) in sources().items()
        for node in ast.walk(tree)
        for fault in _faults(node)
    ]
    assert wrong == []
    assert [name for name, (_, _, tree) in sources().items() if not ast.get_docstring(tree)] == []


NAMES_A_FAMILY = {
    "core.config.sd_scripts",
    "core.formats.classify",
    "core.formats.identify",
}
"""Generic files that still name a family or one of its parts; this list may only shrink."""


_OF_FAMILIES = ("core.models.sd", "core.families", "core.config.schema")
"""Their code, the facts about them, and the options, which declare the families that have them."""


def test_generic_rooms_name_no_family_and_no_part_of_one():
    words = {"sd1", "sd2", "sdxl", "unet", "text_encoder", "text_encoder_2"}
    naming = {
        name
        for name, (_, _, tree) in sources().items()
        if name.startswith("core.") and not name.startswith(_OF_FAMILIES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in words
    }
    assert naming == NAMES_A_FAMILY
