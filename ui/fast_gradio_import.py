"""A quicker `import gradio`: the window has to be there in three seconds, also on a small machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# While it is imported, Gradio 6 compares its own sources with the .pyi stubs beside them (2 s of CPU here)
# and renders its docstrings as templates. Both are for people who write code in an editor: left out here.
_SKIPPED = {"gradio.component_meta": "create_or_modify_pyi", "gradio.events": "EventListener.set_doc"}


def _nothing(*_: object, **__: object) -> None:
    """Takes the place of what is skipped."""


class _Finder(MetaPathFinder):
    """Loads the two modules as they are, then replaces one function in each."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in _SKIPPED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_lighten(module: ModuleType) -> None:
            execute(module)
            *owner, name = _SKIPPED[fullname].split(".")
            holder = module.__dict__.get(owner[0]) if owner else module
            # A later Gradio may name it otherwise; then the import is slower and nothing else changes.
            if holder is not None and name in vars(holder):
                setattr(holder, name, _nothing)

        spec.loader.exec_module = execute_and_lighten  # type: ignore[method-assign]
        return spec


def lighten_gradio() -> None:
    """Called before the first `import gradio`; also switches off whatever would leave this machine."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    for name in ("GRADIO_ALLOWED_PATHS", "GRADIO_BLOCKED_PATHS", "GRADIO_SSR_MODE", "GRADIO_MCP_SERVER"):
        os.environ.pop(name, None)
    if "gradio" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
