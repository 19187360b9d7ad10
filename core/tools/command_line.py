"""The Tools tab in the console: python -m core tools NAME ..."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from core.catalog import INTERPOLATIONS, SAVE_FORMATS, SAVE_PRECISIONS
from core.errors import EXIT_DONE, Lang
from core.events import StageProgress
from core.sinks import Console


def run(name: str, words: Sequence[str], out: TextIO, lang: Lang) -> int:
    """Run one tool and return the exit code. Raises UserError."""
    return TOOLS[name](words, out, lang)


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


def _resize(words: Sequence[str], out: TextIO, lang: Lang) -> int:
    from core.tools import resize

    parser = argparse.ArgumentParser(prog="python -m core tools resize")
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--resolution", metavar="N|W,H", required=True)
    fits = "; ".join(f"{name}: {w.ja if lang == 'ja' else w.en}" for name, w in resize.FITS.items())
    parser.add_argument("--fit", choices=list(resize.FITS), default="crop", help=fits)
    parser.add_argument("--divisor", type=int, choices=(1, 8, 64), default=1)
    parser.add_argument("--interpolation", choices=list(INTERPOLATIONS), default="auto")
    parser.add_argument("--save_as", choices=list(resize.KINDS), default="png")
    parser.add_argument("--skip_existing", action="store_true")
    args = parser.parse_args(list(words))
    console = Console(out, lang)
    settings = resize.ResizeSettings(
        resize.parse_size(args.resolution),
        args.fit,
        args.divisor,
        args.interpolation,
        args.save_as,
        args.skip_existing,
    )
    report = resize.resize_folder(
        args.source,
        args.target,
        settings,
        lambda stage, done, total: console(StageProgress(stage, done, total)),
    )
    console.close()
    print(report.text(args.target, lang), file=out)
    return EXIT_DONE


TOOLS: Mapping[str, Callable[[Sequence[str], TextIO, Lang], int]] = {
    "convert": _convert,
    "inspect": _inspect,
    "resize": _resize,
}
