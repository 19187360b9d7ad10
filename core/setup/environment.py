"""Completes the environment that the launchers made, then starts the window, the demo or the tests."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from core.setup.pip import (
    LOG,
    Pip,
    Progress,
    SetUpError,
    install,
    install_optional,
    installed,
    remove_half_installed,
    run_pip,
    say,
    update_pip,
)
from core.setup.torch_build import install_torch, keeps_torch, nvidia_cards, nvidia_smi, torch_build

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements.txt"
TEST_REQUIREMENTS = ROOT / "tests" / "requirements.txt"
CHECKS = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")


def read_requirements(path: Path) -> tuple[list[str], list[str]]:
    """The needed and the optional requirements; a comment `# optional: ...` opens the latter's paragraph."""
    needed: list[str] = []
    optional: list[str] = []
    for paragraph in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines()]
        into = optional if lines[:1] and lines[0].startswith("# optional:") else needed
        into += [line for line in lines if line and not line.startswith("#")]
    return needed, optional


def fingerprint(file: Path, has_card: bool) -> str:
    """Changes when the set-up must run again: other requirements, another Python, a card come or gone."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {has_card}".encode())
    digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def read_stamp(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (
        OSError,
        ValueError,
        TypeError,
        RecursionError,
    ):  # none yet, or cut off with the power: the set-up just runs again
        return {}


def write_stamp(path: Path, done: dict[str, Any]) -> None:
    path.with_suffix(".new").write_text(json.dumps(done), encoding="utf-8")
    path.with_suffix(".new").replace(path)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Waits while another start sets up; the lock goes with its process, so none is left behind."""
    with path.open("w") as file:
        is_told = False
        while not lock(file.fileno()):
            if not is_told:
                say(
                    "Another start is setting up; waiting for it.",
                    "別の起動がセットアップ中です。終わるのを待ちます。",
                )
            is_told = True
            time.sleep(1)
        yield


def lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def ensure(file: Path, stamp: Path, pip: Pip) -> None:
    """Installs what a requirements file asks for; where the stamp says it is done, pip is not called."""
    smi = nvidia_smi()
    key, wanted = "tests" if file == TEST_REQUIREMENTS else "program", fingerprint(file, smi is not None)
    if read_stamp(stamp).get(key) == wanted:
        return
    with only_one(stamp.with_suffix(".lock")):
        done = read_stamp(stamp)
        if done.get(key) == wanted:  # another start has done it meanwhile
            return
        remove_half_installed(Path(sysconfig.get_paths()["purelib"]))
        if installed("pip") is None:
            subprocess.run([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL, check=False)
        needed, optional = read_requirements(file)
        cards = nvidia_cards(smi)
        version = next((line.removeprefix("torch==") for line in needed if line.startswith("torch==")), None)
        build = torch_build(cards, platform.system())
        is_kept = version is None or keeps_torch(version, installed("torch"), build, done.get("torch"))
        # All may be there already, put in by hand or left by a longer list: then the network is not touched.
        if not (is_kept and pip(["install", "--no-index", *needed]).ok):
            say("Setting up; this happens once.", "セットアップしています。初回だけです。")
            singly = done.get("begun") == wanted  # the last start broke off
            write_stamp(stamp, done := done | {"begun": wanted})
            update_pip(pip)
            if version is not None and not is_kept:
                install_torch(version, build, singly, pip)
                write_stamp(stamp, done := done | {"torch": build})
            install(pip, needed, singly=singly)
            install_optional(optional if cards else [], pip)
        done.pop("begun", None)
        write_stamp(stamp, done | {key: wanted})


# ---- starting


def run_child(arguments: list[str]) -> int:
    """Runs Python in the project's root; signals to end reach the child, which ends in its own time."""
    sys.stdout.flush()
    child = subprocess.Popen([sys.executable, *arguments], cwd=ROOT)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda number, _: child.send_signal(number))
    while True:
        try:
            code = child.wait()
            return code if code >= 0 else 128 - code
        except KeyboardInterrupt:
            continue


def start_demo(arguments: list[str]) -> int:
    code = run_child(["-m", "core", "train", "demo/run.toml", *arguments])
    if code == 0:
        run = tomllib.loads((ROOT / "demo" / "run.toml").read_text(encoding="utf-8"))
        folder = run.get("save", {}).get("output_dir", "output")
        for argument in arguments:
            if found := re.search(r"save\.output_dir=(.*)", argument):
                folder = found[1].strip("'\"")
        say(f"The model and its sample images: {ROOT / folder}", f"モデルとサンプル画像：{ROOT / folder}")
    return code


def ensure_browser() -> None:
    """The browser tests want Chromium and a Japanese font; on Debian and Ubuntu root gets them by apt."""
    lacks = [] if any(map(shutil.which, BROWSERS)) else ["chromium"]
    if sys.platform == "linux" and not any(Path("/usr/share/fonts").rglob("*CJK*")):
        lacks.append("fonts-noto-cjk")
    if lacks and sys.platform == "linux" and shutil.which("apt-get") and os.geteuid() == 0:
        say(f"Installing by apt: {', '.join(lacks)}", f"aptで入れています：{', '.join(lacks)}")
        LOG.parent.mkdir(exist_ok=True)
        with LOG.open("a", encoding="utf-8") as log:
            environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            for command in (["update"], ["install", "-y", "--no-install-recommends", *lacks]):
                line = ["apt-get", *command]
                subprocess.run(
                    line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, check=False
                )
    elif lacks and sys.platform != "win32":  # Windows has Edge, though perhaps not on the search path
        say(
            f"Missing for the browser tests: {', '.join(lacks)}",
            f"ブラウザのテストに必要：{', '.join(lacks)}",
        )


def start_tests(arguments: list[str]) -> int:
    failed = []
    for check in CHECKS:
        print(f"== {' '.join(check)}", flush=True)
        if run_child(["-m", *check]) != 0:
            failed.append(" ".join(check))
    print("== pytest", flush=True)
    code = run_child(
        ["-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *arguments]
    )
    if failed:
        say(f"Failed before the tests: {', '.join(failed)}", f"テストの前に失敗：{', '.join(failed)}")
    return code or int(bool(failed))


def set_up(files: list[Path]) -> None:
    progress = Progress(sys.stdout)
    stamp = VENV / "rareword-setup.json"
    before = read_stamp(stamp)
    for file in files:
        ensure(file, stamp, partial(run_pip, progress=progress))
    if read_stamp(stamp) != before:
        seconds, size = time.monotonic() - progress.start, progress.downloaded
        say(
            f"Set up in {seconds:.0f} s; {size:.0f} MB downloaded. Details: {LOG}",
            f"セットアップ完了：{seconds:.0f}秒、ダウンロード {size:.0f} MB。詳細：{LOG}",
        )


def main(arguments: list[str]) -> int:
    if Path(sys.prefix).resolve() != VENV.resolve():
        say("Start launch.sh or launch.bat instead.", "launch.sh または launch.bat から起動してください。")
        return 2
    name = arguments[0] if arguments[:1] in (["demo"], ["test"]) else ""
    try:
        set_up([REQUIREMENTS, *([TEST_REQUIREMENTS] if name == "test" else [])])
    except SetUpError as fault:
        say(f"{fault}\nDetails: {LOG}", f"{fault}\n詳細：{LOG}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Start again to go on.", "\n中断しました。もう一度起動すると続きから進みます。")
        return 130
    if name == "demo":
        return start_demo(arguments[1:])
    if name == "test":
        ensure_browser()
        return start_tests(arguments[1:])
    if os.name == "posix":  # the window takes this process over, so that signals reach it alone
        sys.stdout.flush()
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "gui.py", *arguments])
    return run_child(["gui.py", *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
