"""The Tools tab in the console: python -m core tools NAME ..."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from core.catalog import SAVE_FORMATS, SAVE_PRECISIONS
from core.errors import EXIT_DONE, Lang
from core.events import StageProgress
from core.sinks import Console


def run(name: str, words: Sequence[str], out: TextIO, lang: Lang) -> int:
    """Run one tool and return the exit code. Raises UserError."""
    return {"convert": _convert, "inspect": _inspect}[name](words, out, lang)


def _convert(words: Sequence[str], out: TextIO, lang: Lang) -> int:
    parser = argparse.ArgumentParser(prog="python -m core tools convert")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--save_as", choices=[name for name in SAVE_FORMATS if name != "auto"])
    parser.add_argument("--precision", choices=list(SAVE_PRECISIONS), default="auto")
    args = parser.parse_args(list(words))
    from core.tools.convert import convert

    console = Console(out, lang)
    save_as = args.save_as or ("ckpt" if args.target.suffix == ".ckpt" else "safetensors")
    path = convert(
        args.source,
        args.target,
        save_as,
        args.precision,
        lambda stage, done, total: console(StageProgress(stage, done, total)),
    )
    console.close()
    print(path, file=out)
    return EXIT_DONE


def _inspect(words: Sequence[str], out: TextIO, lang: Lang) -> int:
    parser = argparse.ArgumentParser(prog="python -m core tools inspect")
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(list(words))
    from core.tools.inspect import inspect

    print(inspect(args.file, lang, args.json), file=out)
    return EXIT_DONE
