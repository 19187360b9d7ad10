"""Installs packages with uv: the build of torch that fits this machine, and one sentence for each failure."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.metadata
import locale
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOG = ROOT / "logs" / "setup.log"
UV = "uv>=0.9,<0.14"
TORCH_INDEX = "download.pytorch.org"
SERVED_ELSEWHERE = ("cpu", "auto", "cu130")
"""Builds whose place a default index can take; other cards find no code for them in its torch."""

PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "constraint": "UV_CONSTRAINT",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}
"""uv reads no settings of pip; those that lead to a mirror or through a proxy are passed on."""


class SetUpError(Exception):
    """The set-up cannot go on; the text is the sentence for the user."""


def text(en: str, ja: str) -> str:
    """The sentence in the language of `--lang`, else of the locale."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--lang", nargs="?")
    asked = parser.parse_known_args(sys.argv[1:])[0].lang
    named = (os.environ[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(key))
    lang = asked if asked in ("en", "ja") else next(named, str(locale.getlocale()[0]))
    return ja if lang.lower().startswith(("ja", "japanese")) else en


def say(en: str, ja: str) -> None:
    print(text(en, ja), flush=True)


def installed(package: str) -> str | None:
    """The version of a package in this environment, None when it is not there."""
    importlib.invalidate_caches()
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def remove_half_installed(site_packages: Path) -> None:
    """RECORD is written last; a package without one was cut off, yet would be taken for installed."""
    for folder in site_packages.glob("*.dist-info"):
        if not (folder / "RECORD").exists():
            shutil.rmtree(folder)


def nvidia_smi() -> str | None:
    return shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path="/usr/lib/wsl/lib")


def torch_backend(smi: str | None) -> str:
    """uv's name for the build of torch: "cpu" without an NVIDIA card, "auto" (by the driver) with one.

    Where the driver alone is no guide: CUDA 13 has no code for cards before Turing (7.5), CUDA 12.6 none for
    Blackwell (10).
    """
    if smi is None:
        return "cpu"
    query = [smi, "--query-gpu=compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):  # an old driver does not know the question
        return "auto"
    capabilities = [float(number) for number in re.findall(r"^\s*(\d+\.\d+)\s*$", answer, re.MULTILINE)]
    if any(capability >= 10 for capability in capabilities):
        return "cu130"
    return "cu126" if any(capability < 7.5 for capability in capabilities) else "auto"


def settings_of_pip() -> dict[str, str]:
    """What pip is configured for on this computer, as uv's environment variables."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, encoding="utf-8", check=False
    ).stdout
    values: dict[str, str] = {}
    for section in ("global", "install", ":env:"):  # the later one counts
        for name, value in re.findall(rf"^{section}\.([\w-]+)=(.*)$", listing, re.MULTILINE):
            if name in PIP_TO_UV:
                values[name] = ast.literal_eval(value)
    environ = {PIP_TO_UV[name]: " ".join(value.split()) for name, value in values.items()}
    if "UV_FIND_LINKS" in environ:
        environ["UV_FIND_LINKS"] = environ["UV_FIND_LINKS"].replace(" ", ",")
    return environ | ({"UV_INDEX_STRATEGY": "unsafe-best-match"} if "UV_INDEX" in environ else {})


def _environ_of(module: str) -> dict[str, str]:
    """What pip or uv is run with. uv compiles no package unless asked, which doubles the first start."""
    if module != "uv":
        return os.environ | {"PIP_USER": "0"}
    return {"UV_COMPILE_BYTECODE": "1"} | settings_of_pip() | os.environ


def run(arguments: Sequence[str], is_shown: bool = False) -> tuple[bool, str]:
    """Runs a module of this environment; whether it worked, and the end of its output.

    is_shown: it has the console and draws its progress there, so the output is not known. Else the output
    goes to the log, and a line for each large file to the console.
    """
    command, environ = [sys.executable, "-m", *arguments], _environ_of(arguments[0])
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"\n== {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(arguments)}\n")
        log.flush()
        if is_shown:
            return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0, ""
        lines: list[str] = []
        with subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        ) as child:  # fmt: skip
            for line in child.stdout or ():
                log.write(line)
                lines.append(line)
                if re.match(r" *(Downloading|Building|Resolved|Prepared|Installed) \S", line):
                    print(f"  {line.strip()}", flush=True)
    return child.returncode == 0, "".join(lines[-60:])


def install_uv() -> None:
    """Raises SetUpError with one sentence for the user."""
    if installed("pip") is None:
        run(["ensurepip"])
    is_done, output = run(["pip", "install", "--disable-pip-version-check", "--no-input", UV])
    if not is_done:
        raise SetUpError(failure_sentence(output))


def install(requirements: Sequence[str], backend: str, options: Sequence[str] = ()) -> None:
    """Installs all at once; what has arrived stays in uv's cache, so a second try goes on from there.

    Raises SetUpError with one sentence for the user.
    """
    command = ["uv", "pip", "install", "--python", sys.executable, *options, *requirements]
    from_torch = ["--torch-backend", backend]
    if sys.stdout.isatty() and sys.stderr.isatty() and run([*command, *from_torch], is_shown=True)[0]:
        return
    is_done, output = run([*command, *from_torch])  # also the second try, with an output to judge by
    if not is_done and backend in SERVED_ELSEWHERE and TORCH_INDEX in output and NETWORK_FAULT.search(output):
        say(
            f"  {TORCH_INDEX} is out of reach; the default index may give a far larger PyTorch.",
            f"  {TORCH_INDEX} に届きません。既定の配布元の PyTorch は大きいことがあります。",
        )
        is_done, output = run(command)
    if not is_done:
        raise SetUpError(failure_sentence(output))


NETWORK_FAULT = re.compile(
    r"error sending request|dns error|error decoding response|Request failed after|timed? ?out|"  # uv
    r"Retrying \(Retry|Connection|IncompleteRead|ProtocolError|Network is unreachable|SSLError|"  # pip
    r"Name or service not known|name resolution|getaddrinfo|ended prematurely|BadZipFile"
)
DISK_FULL = re.compile(r"No space left|os error (28|112)\b|Errno 28\b|not enough space")
PATH_TOO_LONG = re.compile(r"Long Path|os error 206\b")


def failure_sentence(output: str) -> str:
    """One sentence for the user about the end of a failed call's output."""
    if DISK_FULL.search(output):
        return text(
            "The disk is full. Make room and start again; it continues where it stopped.",
            "ディスクの空きがありません。空きを作ってもう一度起動すると、続きから進みます。",
        )
    if NETWORK_FAULT.search(output):
        return text(
            "The download broke off. Check the connection and start again; it continues where it stopped.",
            "ダウンロードが途切れました。接続を確かめてもう一度起動すると、続きから進みます。",
        )
    if PATH_TOO_LONG.search(output):
        return text(
            r"The path is too long for Windows. Move the folder to a short place such as C:\Rareword.",
            r"フォルダーのパスが長すぎます。C:\Rareword のような短い場所に移してください。",
        )
    error = re.findall(r"^(?:error|ERROR): *(.*)|^ *[×╰╴─▶]+ *(.*)", output, re.MULTILINE)
    if not error:
        return text(
            "The installation was cut off. Start again; it continues where it stopped.",
            "インストールが途中で終わりました。もう一度起動すると、続きから進みます。",
        )
    reason = " ".join("".join(part) for part in error)
    return text(f"A package could not be installed: {reason}", f"インストールに失敗しました：{reason}")
