"""Completes the environment that the launchers made, then starts the window, the demo or the tests."""

from __future__ import annotations

import hashlib
import json
import os
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
from pathlib import Path
from typing import Any

from core.setup.packages import (
    LOG,
    ROOT,
    SetUpError,
    install,
    install_uv,
    nvidia_smi,
    remove_half_installed,
    say,
    torch_backend,
)

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


def fingerprint(file: Path, has_card: bool, chosen: str) -> str:
    """Changes when the set-up must run again: other requirements, another Python, card or choice of torch."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {has_card} {chosen}".encode())
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
    ):  # none yet, or cut off with the power: the set-up runs again
        return {}


def write_stamp(path: Path, done: dict[str, Any]) -> None:
    path.with_suffix(".new").write_text(json.dumps(done), encoding="utf-8")
    path.with_suffix(".new").replace(path)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Waits while another start sets up; the lock goes with its process, so none is left behind."""
    with path.open("w") as file:
        is_reported = False
        while not lock(file.fileno()):
            if not is_reported:
                say(
                    "Another start is setting up; waiting for it.",
                    "別の起動がセットアップ中です。終わるのを待ちます。",
                )
            is_reported = True
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


def ensure(file: Path, stamp: Path) -> None:
    """Installs what a requirements file asks for, unless the stamp says that it is done.

    UV_TORCH_BACKEND chooses the build of torch by hand, and is remembered: cpu, cu126, ...; auto ends it.
    """
    smi, key = nvidia_smi(), "tests" if file == TEST_REQUIREMENTS else "program"

    def state() -> tuple[dict[str, Any], str, str]:
        done = read_stamp(stamp)
        chosen = os.environ.get("UV_TORCH_BACKEND") or done.get("chosen", "")
        return done, chosen, fingerprint(file, smi is not None, chosen)

    done, chosen, current = state()
    if done.get(key) == current:
        return
    with only_one(stamp.with_suffix(".lock")):
        done, chosen, current = state()
        if done.get(key) == current:  # another start has done it meanwhile
            return
        remove_half_installed(Path(sysconfig.get_paths()["purelib"]))
        backend, before = chosen or torch_backend(smi), done.get("torch")
        say(
            f"Setting up, with the {backend} build of PyTorch; this happens once.",
            f"セットアップしています（PyTorch の種類：{backend}）。初回だけです。",
        )
        needed, optional = read_requirements(file)
        install_uv()
        # A torch that was put in by hand stays; our CPU build gives way to a card, any build to a choice.
        is_replaced = before not in (None, backend) and (before == "cpu" or bool(chosen))
        install(needed, backend, ["--reinstall-package", "torch"] if is_replaced else [])
        for requirement in optional if backend != "cpu" else []:
            try:
                install([requirement], backend, ["--no-deps"])
            except SetUpError:
                name = re.split(r"[<>=; ]", requirement)[0]
                say(
                    f"  {name} did not install; it is not needed.",
                    f"  {name} は入りませんでしたが、なくても動きます。",
                )
        write_stamp(stamp, done | {key: current, "torch": backend, "chosen": chosen})


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
            if match := re.search(r"save\.output_dir=(.*)", argument):
                folder = match[1].strip("'\"")
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
    stamp, start = VENV / "rareword-setup.json", time.monotonic()
    before = read_stamp(stamp)
    for file in files:
        ensure(file, stamp)
    if read_stamp(stamp) != before:
        seconds = time.monotonic() - start
        say(f"Set up in {seconds:.0f} s. Details: {LOG}", f"セットアップ完了（{seconds:.0f}秒）。詳細：{LOG}")


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
        say("\nStopped. Start again to continue.", "\n中断しました。もう一度起動すると続きから進みます。")
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
