"""Runs pip: its chatter goes to the log, our progress line to the console; a broken download is retried."""

from __future__ import annotations

import importlib
import importlib.metadata
import locale
import os
import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
LOG = ROOT / "logs" / "setup.log"


class SetUpError(Exception):
    """The set-up cannot go on; the text is the sentence for the user."""


@dataclass(frozen=True)
class Outcome:
    """What one call of pip left: whether it worked, and the last lines it said."""

    ok: bool
    tail: tuple[str, ...] = ()


Pip = Callable[[list[str]], Outcome]


def text(en: str, ja: str) -> str:
    return ja if speaks_japanese(sys.argv, os.environ) else en


def speaks_japanese(argv: list[str], environ: Mapping[str, str]) -> bool:
    """`--lang` decides, else the locale; read anew each time, so nothing has to be kept."""
    for at, argument in enumerate(argv):
        lang = argument.removeprefix("--lang=") if argument != "--lang" else "".join(argv[at + 1 : at + 2])
        if argument.startswith("--lang") and lang in ("en", "ja"):
            return lang == "ja"
    named = next((environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(key)), "")
    return (named or str(locale.getlocale()[0])).lower().startswith(("ja", "japanese"))


def say(en: str, ja: str) -> None:
    print(text(en, ja), flush=True)


def installed(package: str) -> str | None:
    importlib.invalidate_caches()
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def remove_half_installed(site_packages: Path) -> None:
    """pip writes RECORD last; a package without one was cut off, yet pip would take it for installed."""
    for folder in site_packages.glob("*.dist-info"):
        if not (folder / "RECORD").exists():
            shutil.rmtree(folder)


class Progress:
    """One line that is written over on a terminal; elsewhere a line for each large file."""

    def __init__(self, out: IO[str]) -> None:
        self.out, self.start, self.last = out, time.monotonic(), ""
        self.shown = self.start
        self.downloaded = 0.0  # MB
        self.file, self.size = "", 0.0

    def take(self, line: str) -> bool:
        """Shows what a line of pip's tells; False when the line belongs into the log."""
        if found := re.match(r"\s*Downloading (\S+) \(([\d.]+) ([kMG]B)\)", line):
            if not found[1].endswith(".metadata"):
                self.size = float(found[2]) * {"kB": 0.001, "MB": 1.0, "GB": 1000.0}[found[3]]
                self.file = " ".join(found[1].rsplit("/", 1)[-1].split("-")[:2])
                self.downloaded += self.size
                self.show(f"{self.file} ({self.size:.0f} MB)", is_large=self.size >= 20)
        elif found := re.match(r"Progress (\d+) of (\d+)", line):
            self.show(f"{self.file}: {int(found[1]) / 1e6:.0f} / {int(found[2]) / 1e6:.0f} MB")
            return True
        elif found := re.match(r"Installing collected packages: (.*)", line):
            count = found[1].count(",") + 1
            words = f"unpacking {count} packages, a minute or two", f"{count} 個のパッケージを展開中（数分）"
            if count >= 10:
                self.show(text(*words), is_large=True)
        elif "Retrying (Retry(" in line:
            self.show(text("the connection broke; trying again", "接続が切れ、再接続中"), is_large=True)
        elif found := re.match(r"Collecting (\S+)", line):
            self.show(text(f"looking for {found[1]}", f"{found[1]} を探しています"))
        return False

    def show(self, words: str, is_large: bool = False) -> None:
        now = time.monotonic()
        line = f"  {words} | {now - self.start:.0f} s"
        if self.out.isatty():
            if is_large or now - self.shown > 0.2:
                self.clear()
                columns = shutil.get_terminal_size().columns - 1
                columns //= 1 if line.isascii() else 2  # Japanese letters are twice as wide
                self.out.write(line[:columns])
                self.shown = now
        elif (is_large and words != self.last) or now - self.shown > 30:
            self.out.write(line + "\n")
            self.shown, self.last = now, words
        self.out.flush()

    def clear(self) -> None:
        if self.out.isatty():
            self.out.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")


def run_pip(arguments: list[str], progress: Progress) -> Outcome:
    """Runs pip in this environment; run again after a break, it takes what is finished from its cache."""
    command = [sys.executable, "-m", "pip", *arguments]
    if arguments[0] == "install":
        release = tuple(int(part) for part in (installed("pip") or "0.0").split(".")[:2])
        command += ["--prefer-binary", "--progress-bar", "raw" if release >= (24, 1) else "off"]
        command += ["--resume-retries", "20"] if release >= (25, 1) else []
    ours = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0", "PYTHONUTF8": "1"}
    tail: deque[str] = deque(maxlen=60)
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n== {time.strftime('%Y-%m-%d %H:%M:%S')} pip {' '.join(arguments)}\n")
        log.flush()
        environ = os.environ | ours
        with Popen(command, cwd=ROOT, env=environ, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT) as pip:
            for raw in pip.stdout or ():
                line = raw.decode("utf-8", errors="replace")
                if not progress.take(line):
                    log.write(line)
                    tail.append(line.strip())
    progress.clear()
    return Outcome(pip.returncode == 0, tuple(tail))


NETWORK_FAULT = re.compile(
    r"Retrying \(Retry|Connection|timed? ?out|IncompleteRead|ProtocolError|Network is unreachable|SSLError|"
    r"Name or service not known|name resolution|getaddrinfo|ended prematurely|incomplete-download|"
    r"DO NOT MATCH THE HASHES|Wheel .* is invalid|BadZipFile"  # half a file, in the words of an older pip
)
DISK_FULL = re.compile(r"No space left|Errno 28\b|not enough space")


def install(
    pip: Pip, requirements: list[str], options: tuple[str, ...] = (), singly: bool = False, pause: float = 5
) -> None:
    """Installs all at once, or singly after a break; a broken download is tried three times in all.

    Raises SetUpError with one sentence for the user.
    """
    for tries_left in (2, 1, 0):
        call = install_singly if singly else install_together
        outcome = call(pip, requirements, options)
        if outcome.ok:
            return
        if not tries_left or not NETWORK_FAULT.search("\n".join(outcome.tail)):
            raise SetUpError(failure_sentence(outcome.tail))
        say("  The download broke off; trying again.", "  ダウンロードが途切れました。もう一度試します。")
        time.sleep(pause)
        singly = True


def install_together(pip: Pip, requirements: list[str], options: tuple[str, ...]) -> Outcome:
    return pip(["install", *options, *requirements])


def install_singly(pip: Pip, requirements: list[str], options: tuple[str, ...]) -> Outcome:
    """One after the other, so that what has arrived stays, whatever comes after."""
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop(0)
        outcome = pip(["install", *options, "--no-deps", requirement])
        if not outcome.ok:
            return outcome
        if requirement.startswith("torch==") and installed(
            "torch"
        ):  # its CUDA libraries are as large as itself
            parts = importlib.metadata.requires("torch") or []
            waiting = [part for part in parts if "extra ==" not in part] + waiting
    return install_together(pip, requirements, options)


def update_pip(pip: Pip) -> None:
    """From 25.2 on pip goes on with a download that broke; an older one that must stay serves too."""
    if tuple(int(part) for part in (installed("pip") or "0.0").split(".")[:2]) < (25, 2):
        pip(["install", "--upgrade", "pip>=25.2,<27"])


def install_optional(requirements: list[str], pip: Pip) -> None:
    for requirement in requirements:
        if not pip(["install", "--no-deps", requirement]).ok:
            name = re.split(r"[<>=; ]", requirement)[0]
            say(
                f"  {name} did not install; it is not needed.",
                f"  {name} は入りませんでしたが、なくても動きます。",
            )


def failure_sentence(tail: tuple[str, ...]) -> str:
    said = "\n".join(tail)
    error = next((line for line in reversed(tail) if line.startswith("ERROR")), None)
    if DISK_FULL.search(said):
        return text(
            "The disk is full. Make room and start again; it goes on where it stopped.",
            "ディスクの空きがありません。空きを作ってもう一度起動すると、続きから進みます。",
        )
    if NETWORK_FAULT.search(said):
        return text(
            "The download broke off. Check the connection and start again; it goes on where it stopped.",
            "ダウンロードが途切れました。接続を確かめてもう一度起動すると、続きから進みます。",
        )
    if "Long Path" in said:
        return text(
            r"The path is too long for Windows. Move the folder to a short place such as C:\Rareword.",
            r"フォルダのパスが長すぎます。C:\Rareword のような短い場所に移してください。",
        )
    if error is None:
        return text(
            "pip was cut off. Start again; it goes on where it stopped.",
            "pip が途中で終わりました。もう一度起動すると、続きから進みます。",
        )
    return text(f"pip could not install something: {error}", f"pipで入れられないものがありました：{error}")
