"""The Tools tab in the console: python -m core tools NAME ..."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from core.catalog import INTERPOLATIONS, SAMPLERS, SAVE_FORMATS, SAVE_PRECISIONS
from core.errors import EXIT_DONE, Lang, UserError, plain_problem
from core.events import StageProgress
from core.sinks import Console


class Parser(argparse.ArgumentParser):
    """Arguments of a tool; speaks through `out`, since what is printed elsewhere goes to a log."""

    def __init__(self, name: str, out: TextIO) -> None:
        super().__init__(prog=f"python -m core tools {name}")
        self._out = out
        self.add_argument("--lang", choices=("en", "ja"), help=argparse.SUPPRESS)

    def print_help(self, file: object = None) -> None:
        print(self.format_help(), file=self._out)

    def error(self, message: str) -> NoReturn:
        usage = self.format_usage().strip()
        raise UserError(
            plain_problem("E-CLI-USAGE", f"{message}\n{usage}", f"引数の誤り：{message}\n{usage}")
        )


def run(name: str, words: Sequence[str], out: TextIO, lang: Lang) -> int:
    """Run one tool and return the exit code. Raises UserError."""
    return TOOLS[name](words, out, lang)


def _convert(words: Sequence[str], out: TextIO, lang: Lang) -> int:
    parser = Parser("convert", out)
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
    parser = Parser("inspect", out)
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(list(words))
    from core.tools.inspect import inspect

    text, code = inspect(args.file, lang, args.json)
    print(text, file=out)
    return code


def _resize(words: Sequence[str], out: TextIO, lang: Lang) -> int:
    from core.tools import resize

    parser = Parser("resize", out)
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


def _regularize(words: Sequence[str], out: TextIO, lang: Lang) -> int:
    parser = Parser("regularize", out)
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--prompt", action="append", default=[])
    parser.add_argument("--count", type=int)
    parser.add_argument("--train_data_dir", type=Path)
    parser.add_argument("--negative", default="")
    parser.add_argument("--resolution", metavar="N|W,H")
    parser.add_argument("--sampler", choices=list(SAMPLERS), default="ddim")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--scale", type=float, default=7.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1)
    args = parser.parse_args(list(words))
    from core.tools.regularize import Settings, make_images
    from core.tools.resize import parse_size

    settings = Settings(
        model=args.model,
        out=args.out,
        prompts=tuple(args.prompt),
        count=args.count,
        train_data_dir=args.train_data_dir,
        negative=args.negative,
        resolution=None if args.resolution is None else parse_size(args.resolution),
        sampler=args.sampler,
        steps=args.steps,
        guidance=args.scale,
        seed=args.seed,
        batch=args.batch,
    )
    console = Console(out, lang)
    made = make_images(settings, lambda stage, done, total: console(StageProgress(stage, done, total)))
    console.close()
    new = "新規" if lang == "ja" else "new"
    for part in made:
        print(f"{part.folder}: {part.count} ({len(part.missing)} {new})", file=out)
    return EXIT_DONE


def _utf8(words: Sequence[str], out: TextIO, lang: Lang) -> int:
    parser = Parser("utf8", out)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoding", metavar="NAME")
    args = parser.parse_args(list(words))
    from core.tools import utf8

    report = utf8.convert(args.folder, args.encoding)
    for one in report.converted:
        print(one.words.ja if lang == "ja" else one.words.en, file=out)
    if report.problems:
        raise UserError(*report.problems)
    n = len(report.converted)
    print(
        f"{n}個のキャプションファイルをUTF-8に変換しました。"
        if lang == "ja"
        else f"{n} caption file{'' if n == 1 else 's'} saved as UTF-8.",
        file=out,
    )
    return EXIT_DONE


TOOLS: Mapping[str, Callable[[Sequence[str], TextIO, Lang], int]] = {
    "convert": _convert,
    "inspect": _inspect,
    "regularize": _regularize,
    "resize": _resize,
    "utf8": _utf8,
}
