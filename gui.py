"""Starts the window: python gui.py [--share] [--listen HOST] [--port N] [--lang auto|en|ja|zh] ..."""

from __future__ import annotations

import argparse
import logging
import os
import sys


def options() -> argparse.ArgumentParser:
    """What the program can be asked on the command line."""
    parser = argparse.ArgumentParser(
        prog="gui.py", description="Rareword: DreamBooth and LoRA training, in a window."
    )
    add = parser.add_argument
    add("--share", action="store_true", help="create a public link (a login is required) / 公開リンクを作成")
    add(
        "--listen",
        metavar="HOST",
        default="127.0.0.1",
        help="address to listen on; others than loopback need a login",
    )
    add("--port", type=int, help="port; the first free one from 7860 on when not given / ポート番号")
    add(
        "--lang",
        choices=("auto", "en", "ja", "zh"),
        default="auto",
        help="language; auto: the browser's / 言語",
    )
    add("--no-browser", action="store_true", help="do not open a browser / ブラウザを開かない")
    add("--auth", metavar="USER:PASSWORD", help="ask for this login / ログインを必須にする")
    add(
        "--auth-file",
        metavar="FILE",
        help="as --auth, from a file's first line, or set RAREWORD_AUTH: then no list of processes shows it "
        "/ --authの内容をファイルから読む",
    )
    add(
        "--host-name",
        metavar="NAME",
        action="append",
        default=[],
        help="name a proxy shows the window under; needs a login / プロキシで公開するホスト名",
    )
    add(
        "--root-path",
        metavar="PATH",
        default="",
        help="path a proxy shows it below, such as /rareword; needs a login / プロキシで公開するパス",
    )
    add(
        "--root",
        metavar="DIR",
        action="append",
        default=[],
        help="one more folder to read from / 読み込みを許可するフォルダー",
    )
    add("--workspace", metavar="DIR", help="where the window writes (default: workspace) / ワークスペース")
    add(
        "--when-idle",
        metavar="stop|COMMAND",
        help="once no run is in progress and none waits, stop the program, or run a command; the page can "
        "switch it off / すべての学習が終わったら終了する、またはコマンドを実行する",
    )
    add("--preset", metavar="NAME|FILE", help="preset to start with / 起動時のプリセット")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Open the window and wait for its end; the exit code."""
    chosen = options().parse_args(arguments)
    # Imported after the options are read, so that --help and a typing error are answered at once.
    from ui.serve.start import run

    return run(chosen)


def leave(code: int) -> None:
    """End the process at once: everything is closed by now, and taking the libraries apart takes seconds."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
