"""The command line: train, check, plan, import, inspect, sample, tools, caption, docs."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from core import console, ending, messages, signals
from core.arguments import Arguments
from core.catalog import Words
from core.config import base_family, option_docs
from core.config.check import load
from core.config.file import toml_text
from core.data.plan import as_json, as_text
from core.errors import (
    EXIT_BUG,
    EXIT_DONE,
    EXIT_REFUSED,
    EXIT_STOPPED,
    LANGS,
    ConfigError,
    Lang,
    Problem,
    UserError,
)
from core.formats import atomic_write
from core.patience import Patience
from core.sinks import waiting
from core.tools.table import TOOLS

if TYPE_CHECKING:
    from core.runner import RunHandle

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT / "logs" / "console.log"

WORDS = {
    "train": Words("train a run file", "設定ファイルで学習する"),
    "check": Words("list every problem of a run file", "設定ファイルの問題をすべて示す"),
    "plan": Words("show what would be trained", "何が学習されるかを示す"),
    "import": Words("turn other trainers' settings into a run file", "ほかの学習ツールの設定を取り込む"),
    "inspect": Words("show what a model file is", "モデルファイルの内容を示す"),
    "sample": Words("generate images with a model", "モデルで画像を生成する"),
    "tools": Words("the Tools tab in the console", "Toolsタブの機能"),
    "caption": Words("caption the images of a folder", "フォルダーの画像にキャプションを付ける"),
    "docs": Words("rewrite the tables in docs/", "docs/の一覧表を作り直す"),
}
INTERRUPTED = Words("Interrupted.", "中断しました。")
NO_PROBLEMS = Words("No problems.", "問題ありません。")
NO_ROOM = Words(
    "The disk is full: the state is not saved. Free some space, or press Ctrl-C again to end without it.",
    "ディスクに空きがなく、学習状態をまだ保存できていません。空きを作るか、もう一度Ctrl-Cを押して保存せずに終了してください。",
)
WRITTEN = Words("Written", "書き出しました")
FAULT = Words(
    "Internal error ({what}); details are in {log}.", "プログラム内部のエラーです（{what}）。詳細：{log}"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; the reason of a failure is the last line printed."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    lang = console.language(_asked_language(arguments))
    args = _parser(lang).parse_args(arguments)
    console.calm_threads()
    out = console.take_over(LOG)
    try:
        command: Callable[[argparse.Namespace, TextIO, Lang], int] = args.run
        return command(args, out, lang)
    except UserError as e:
        return _refused(e, args, out, lang)
    except Exception as e:
        logging.getLogger(__name__).exception("the command failed")
        if (fault := ending.as_user_error(e)) is not None:
            return _refused(fault, args, out, lang)
        what = f"{type(e).__name__}: {e}"
        print(FAULT.of(lang).format(what=what, log=LOG), file=out)
        return EXIT_BUG
    except KeyboardInterrupt:
        print(INTERRUPTED.of(lang), file=out)
        return 130
    finally:
        out.flush()


def _refused(error: UserError, args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    source = str(getattr(args, "file", ""))
    for problem in error.problems:
        is_in_file = isinstance(error, ConfigError) and not problem.path
        print(_line(problem, source if is_in_file else "", lang), file=out)
    return error.exit_code


def _line(problem: Problem, source: str, lang: Lang) -> str:
    """`RUN.toml:LINE: key: sentence`; where the problem stands in a file of its own, that one's name."""
    file = problem.path if problem.path and problem.line is not None else source
    place = [file] if file else []
    if file and problem.line is not None:
        place = [f"{file}:{problem.line}"]
    if problem.key:
        place.append(problem.key)
    if problem.path and problem.path not in problem.sentence(lang) and problem.path != file:
        place.append(problem.path)
    return ": ".join([*place, problem.sentence(lang)])


def _asked_language(arguments: Sequence[str]) -> str | None:
    """--lang, needed before the parser is made since its help is in that language."""
    for i, word in enumerate(arguments):
        if word.startswith("--lang="):
            return word[7:]
        if word == "--lang" and i + 1 < len(arguments):
            return arguments[i + 1]
    return None


def _parser(lang: Lang) -> argparse.ArgumentParser:
    parser = Arguments(prog="python -m core", lang=lang)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace, TextIO, Lang], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=WORDS[name].of(lang), lang=lang)
        command.add_argument("--lang", choices=LANGS)
        command.set_defaults(run=run)
        return command

    for name, run in (("train", _train), ("check", _check), ("plan", _plan)):
        command = add(name, run)
        command.add_argument("file", metavar="RUN.toml", type=Path)
        command.add_argument(
            "--set", metavar="section.key=value", action="append", default=[], dest="overrides"
        )
        if name == "train":
            command.add_argument("--resume", metavar="STATE|auto")
            command.add_argument("--resume_anyway", "--resume-anyway", action="store_true")
            command.add_argument("--vary", metavar="section.key=A,B|A..B in N", action="append", default=[])
        if name == "plan":
            command.add_argument("--json", action="store_true")
    command = add("import", _import)
    command.add_argument("file", metavar="FILE|-")
    command.add_argument("-o", dest="target", metavar="RUN.toml", type=Path)
    command = add("inspect", _inspect)
    command.add_argument("file", metavar="FILE", type=Path)
    command.add_argument("--json", action="store_true")
    command = add("sample", _sample)
    command.add_argument("file", metavar="RUN.toml|MODEL", type=Path)
    command.add_argument("--lora", metavar="FILE:STRENGTH", action="append", default=[])
    command.add_argument("--prompt", metavar="TEXT", action="append", required=True)
    command.add_argument("--out", metavar="FOLDER", type=Path, default=Path("output/samples"))
    command.add_argument("--sampler", default="ddim")
    command = add("tools", _tools)
    command.add_argument("name", choices=tuple(TOOLS))
    command.add_argument("rest", nargs=argparse.REMAINDER)
    command = add("caption", _tools)
    command.add_argument("rest", nargs=argparse.REMAINDER)
    command.set_defaults(name="caption")
    command = add("docs", _docs)
    command.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs")
    return parser


def _train(args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    from core.run_folder import is_main_process
    from core.runner import Runner
    from core.sinks import Console

    overrides = list(args.overrides)
    if args.resume:
        overrides.append(f"save.resume={toml_text.toml_value(args.resume)}")
    if args.resume_anyway:
        overrides.append("save.resume_anyway=true")
    text, asked, code = toml_text.read(args.file), signals.Asked(), EXIT_DONE
    runs = _varied(text, overrides, args.vary, out) if args.vary else [(text, overrides)]
    handle: RunHandle | None = None

    def leave() -> None:
        if handle is None or not handle.can_be_given_up:
            os._exit(EXIT_STOPPED)

    # Before the run begins, so that no signal finds its thread without anybody to stop it. A second press
    # leaves at once: the last state is good.
    with signals.asking(asked, leave):
        for text, overrides in runs:
            sinks = [Console(out, lang)] if is_main_process() else []
            handle = Runner().start(text, overrides, sinks)
            _wait(handle, asked, out, lang)
            assert handle.ended is not None, "a run that is over has its last event"
            code = handle.ended.exit_code
            if code != EXIT_DONE:
                break
    return code


def _wait(handle: RunHandle, asked: signals.Asked, out: TextIO, lang: Lang) -> None:
    """Wait for the end of a run, which signals may ask for."""
    times, is_told = 0, False
    # In short waits, so that a signal gets its turn on every system.
    while not handle.wait(0.2):
        if asked.times > times:
            handle.ask_to_end(is_again=times > 0)
            times += 1
        if times and handle.can_be_given_up and not is_told:
            print(NO_ROOM.of(lang), file=out)
            is_told = True


def _varied(
    text: str, overrides: Sequence[str], vary: Sequence[str], out: TextIO
) -> list[tuple[str, list[str]]]:
    """The runs of a sweep, each by its run file; their names are printed before the first begins."""
    from core import sweep

    if (count := int(os.environ.get("WORLD_SIZE", "1"))) > 1:
        # Their process group ends with the first run, and accelerate makes no second one in a process.
        raise UserError(messages.SWEEP_PROCESSES(count=count))
    axes = [sweep.axis(key.strip(), values) for key, _, values in (each.partition("=") for each in vary)]
    made = sweep.variants(text, axes, overrides)
    for number, variant in enumerate(made, 1):
        print(f"{number}/{len(made)} {variant.name}", file=out)
    return [(variant.text, []) for variant in made]


def _check(args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    from core.data.sources import dataset_config
    from core.forecast import disk
    from core.train import run_checks

    checked = load(args.file, args.overrides, reads_base=True)
    config = checked.config
    family = base_family.of(config.model.base, config.model.family)
    inside = dataset_config.read(config.dataset, family).problems if config.dataset.dataset_config else ()
    # How long an epoch is comes with the images, which this leaves to `plan`.
    steps = 0 if config.train.max_train_epochs else config.train.max_train_steps
    later = (*run_checks.problems(config), *disk.problems(config, steps, None))
    problems = (*checked.notices, *inside, *checked.located(later))
    if any(problem.is_error for problem in problems):
        raise ConfigError(*problems)
    for problem in problems:
        print(_line(problem, str(args.file), lang), file=out)
    print(NO_PROBLEMS.of(lang), file=out)
    return EXIT_DONE


def _plan(args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    from core.data.plan import class_words, word_in_captions
    from core.data.plan import plan as plans
    from core.models import tokens

    config = load(args.file, args.overrides, reads_base=True).config

    def report(path: Path | None) -> None:
        if path is not None:
            print(waiting(str(path), lang), file=out)

    patience = Patience(waiting=None if args.json else report)
    seed = config.train.seed if config.train.seed is not None else 0
    family = base_family.of(config.model.base, config.model.family)
    plan = plans.make(config.dataset, seed, patience=patience, family=family)
    plan = word_in_captions.checked(class_words.checked(plan, config.train), config)
    if args.json:
        json.dump(
            as_json.values(plan, config.train, tokens.count_tokens, config.model.max_token_length),
            out,
            ensure_ascii=False,
            indent=1,
        )
        print(file=out)
    else:
        print(
            as_text.text(
                plan, lang, config.train, tokens.count_tokens, token_limit=config.model.max_token_length
            ),
            file=out,
        )
    return EXIT_REFUSED if any(problem.is_error for problem in plan.problems) else EXIT_DONE


def _import(args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    from core.config.imports import read_any

    if args.target is not None:
        atomic_write.refuse_existing(args.target)
    path = Path(args.file)
    if args.file != "-" and path.suffix.lower() == ".safetensors":
        from core.formats import header

        found = header.read_header(path)
        imported = read_any.import_metadata(found.metadata, found.places)
    else:
        imported = read_any.import_text(
            toml_text.read_stream(sys.stdin) if args.file == "-" else toml_text.read(path)
        )
    values = dict(imported.values)
    if imported.datasets and args.target is not None:
        images = args.target.with_suffix(".datasets.toml")
        atomic_write.refuse_existing(images)
        toml_text.write(images, imported.datasets)
        values["dataset.dataset_config"] = str(images)
    text = toml_text.dumps(values, lang)
    if imported.datasets and args.target is None:
        text += "\n# dataset_config:\n" + "".join(f"# {line}\n" for line in imported.datasets.splitlines())
    if args.target is None:
        print(text, file=out)
    else:
        toml_text.write(args.target, text)
        print(f"{WRITTEN.of(lang)}: {args.target}", file=out)
    for problem in imported.report:
        print(f"# {problem.text(lang)}", file=out)
    return EXIT_DONE


def _inspect(args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    from core.tools.inspect import inspect

    text, code = inspect(args.file, lang, args.json)
    print(text, file=out)
    return code


def _sample(args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    from core.sinks import Console
    from core.tools import sample

    notes = Console(out, lang)
    images = sample.draw(args.file, args.lora, args.prompt, args.out, args.sampler, emit=notes)
    notes.close()
    for path in images:
        print(path, file=out)
    return EXIT_DONE


def _tools(args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    from core.tools import command_line

    return command_line.run(args.name, args.rest, out, lang)


def _docs(args: argparse.Namespace, out: TextIO, lang: Lang) -> int:
    for language, name in (("en", "options.md"), ("ja", "options.ja.md")):
        toml_text.write(args.folder / name, option_docs.options_table(language))  # type: ignore[arg-type]
        print(args.folder / name, file=out)
    return EXIT_DONE
