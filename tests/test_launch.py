"""The launchers and the set-up: what they find, what they install, what they say when it fails."""

import http.server
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import pytest

from core.setup import environment, packages
from core.setup.packages import SetUpError, failure_sentence, install, torch_backend

ROOT = Path(__file__).resolve().parent.parent
NO_NETWORK = (
    "error: Request failed after 3 retries in 7.3s\n"
    "  cause: Failed to fetch: https://download.pytorch.org/whl/cpu/torch/\n"
    "  cause: dns error\n"
)
NO_VERSION = (
    "  × No solution found when resolving dependencies:\n"
    "  ╰─▶ Because there is no version of toml==9 and you require toml==9, we can conclude\n"
    "      that your requirements are unsatisfiable.\n"
)
NEEDS_BASH = pytest.mark.skipif(sys.platform == "win32", reason="launch.sh is for Linux and macOS")


class Calls:
    """Stands in for packages.run: writes down what is run, and answers from a list, then with success."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.answers: list[tuple[bool, str]] = []

    def __call__(self, arguments: list[str], is_shown: bool = False) -> tuple[bool, str]:
        self.lines.append(" ".join(arguments).replace(f"--python {sys.executable} ", ""))
        return self.answers.pop(0) if self.answers else (True, "")


@pytest.fixture
def calls(monkeypatch):
    """A machine without a card, whose pip and uv only write down what they are asked."""
    calls = Calls()
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.delenv("UV_TORCH_BACKEND", raising=False)
    monkeypatch.setattr(packages, "run", calls)
    monkeypatch.setattr(environment, "nvidia_smi", lambda: None)
    monkeypatch.setattr(environment, "remove_half_installed", lambda folder: None)
    return calls


@pytest.fixture
def place(tmp_path):
    """A requirements file and where its stamp goes."""
    file = tmp_path / "requirements.txt"
    file.write_text("torch==2.13.0\n\ntoml>=0.10,<1\n\n# optional: only with a card\nxformers>=0.0.35,<0.1\n")
    return file, tmp_path / "stamp.json"


@pytest.fixture
def card(monkeypatch):
    """A card has come: one of today."""
    monkeypatch.setattr(environment, "nvidia_smi", lambda: "nvidia-smi")
    monkeypatch.setattr(environment, "torch_backend", lambda smi: "auto" if smi else "cpu")


# ---- the files themselves


def test_launch_bat_is_ascii_with_crlf_line_ends():
    data = (ROOT / "launch.bat").read_bytes()
    assert data.isascii() and data.count(b"\r\n") == data.count(b"\n") > 0


def test_git_keeps_the_line_ends_of_the_launchers():
    lines = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert {"*.bat text eol=crlf", "*.sh text eol=lf"} <= set(lines)


def bat_lines() -> list[str]:
    lines = (ROOT / "launch.bat").read_text(encoding="ascii").splitlines()
    return [line for line in lines if not line.startswith("rem")]


def test_launch_bat_puts_its_own_folder_only_between_quotes():
    folder = [line for line in bat_lines() if "%~" in line or "%CD%" in line.upper()]
    assert folder == ['pushd "%~dp0"']


def test_launch_bat_keeps_delayed_expansion_off_for_folders_with_an_exclamation_mark():
    assert "setlocal EnableExtensions DisableDelayedExpansion" in bat_lines()
    assert not any("!" in line for line in bat_lines())


def test_launch_bat_pauses_after_an_error_unless_told_not_to():
    assert "if %CODE% neq 0 if not defined RAREWORD_NO_PAUSE pause" in bat_lines()
    assert sum("pause" in line for line in bat_lines()) == 1


def test_every_label_launch_bat_jumps_to_is_there():
    text = "\n".join(bat_lines())
    assert set(re.findall(r"goto (\w+)", text)) | {"try"} == set(re.findall(r"^:(\w+)$", text, re.MULTILINE))


@NEEDS_BASH
def test_launch_sh_and_the_ci_script_can_be_executed():
    assert os.access(ROOT / "launch.sh", os.X_OK) and os.access(ROOT / ".ci" / "run", os.X_OK)


def test_every_requirement_has_an_upper_bound_and_torch_is_pinned():
    needed, optional = environment.read_requirements(ROOT / "requirements.txt")
    tests, none = environment.read_requirements(ROOT / "tests" / "requirements.txt")
    assert [line for line in needed + optional + tests if "<" not in line and "==" not in line] == []
    assert [line for line in needed if line.startswith("torch")] == ["torch==2.13.0"]
    assert not none


def test_xformers_is_the_one_optional_requirement():
    _, optional = environment.read_requirements(ROOT / "requirements.txt")
    assert [line.split(">=")[0] for line in optional] == ["xformers"]


# ---- which torch


def test_no_card_gets_the_small_cpu_build():
    assert torch_backend(None) == "cpu"


@NEEDS_BASH
@pytest.mark.parametrize(
    ("answer", "backend"),
    [
        ("echo 8.9", "auto"),
        ("echo 7.5; echo 6.1", "cu126"),
        ("echo 12.0", "cu130"),
        ("echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2", "auto"),
        ("echo 'NVIDIA-SMI has failed: no driver'; exit 9", "auto"),
    ],
    ids=["today", "Pascal", "Blackwell", "old driver", "no driver"],
)
def test_a_card_whose_code_only_one_build_has_gets_it_and_any_other_what_uv_finds_for_the_driver(
    tmp_path, answer, backend
):
    smi = tmp_path / "nvidia-smi"
    smi.write_text(f"#!/bin/sh\n{answer}\n")
    smi.chmod(0o755)
    assert torch_backend(str(smi)) == backend


def test_a_torch_that_was_put_in_by_hand_stays(place, calls):
    environment.ensure(*place)
    assert not any("--reinstall-package" in line for line in calls.lines)


def test_the_cpu_build_that_we_put_in_gives_way_when_a_card_has_come(place, calls, monkeypatch):
    environment.ensure(*place)
    monkeypatch.setattr(environment, "nvidia_smi", lambda: "nvidia-smi")
    monkeypatch.setattr(environment, "torch_backend", lambda smi: "auto")
    environment.ensure(*place)
    assert "uv pip install --reinstall-package torch torch==2.13.0 toml>=0.10,<1 --torch-backend auto" in (
        calls.lines
    )


def test_a_build_that_was_chosen_by_hand_replaces_ours_and_is_remembered(place, calls, monkeypatch, card):
    environment.ensure(*place)
    monkeypatch.setenv("UV_TORCH_BACKEND", "cu126")
    environment.ensure(*place)
    assert "uv pip install --reinstall-package torch torch==2.13.0 toml>=0.10,<1 --torch-backend cu126" in (
        calls.lines
    )
    monkeypatch.delenv("UV_TORCH_BACKEND")
    calls.lines.clear()
    environment.ensure(*place)
    assert calls.lines == []


# ---- setting up


def test_uv_is_put_in_by_pip_and_puts_in_all_the_rest_at_once(place, calls):
    environment.ensure(*place)
    assert calls.lines == [
        "pip install --disable-pip-version-check --no-input uv>=0.9,<0.14",
        "uv pip install torch==2.13.0 toml>=0.10,<1 --torch-backend cpu",
    ]


def test_a_stamp_makes_the_second_start_install_nothing(place, calls):
    environment.ensure(*place)
    calls.lines.clear()
    environment.ensure(*place)
    assert calls.lines == []


def test_changed_requirements_make_the_next_start_set_up_again(place, calls):
    file, stamp = place
    environment.ensure(file, stamp)
    file.write_text(file.read_text() + "\nnumpy>=2,<3\n")
    environment.ensure(file, stamp)
    assert "numpy>=2,<3" in calls.lines[-1]


def test_a_set_up_that_failed_is_done_again_by_the_next_start(place, calls):
    calls.answers = [(True, ""), (False, NO_VERSION)]
    with pytest.raises(SetUpError):
        environment.ensure(*place)
    calls.lines.clear()
    environment.ensure(*place)
    assert len(calls.lines) == 2


def test_windows_line_ends_in_the_requirements_do_not_make_it_set_up_again(place):
    file, _ = place
    before = environment.fingerprint(file, has_card=False, chosen="")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert environment.fingerprint(file, has_card=False, chosen="") == before


def test_with_a_card_xformers_is_put_in_and_when_it_fails_the_set_up_goes_on(place, calls, card, capsys):
    calls.answers = [(True, ""), (True, ""), (False, NO_VERSION)]
    environment.ensure(*place)
    assert calls.lines[-1] == "uv pip install --no-deps xformers>=0.0.35,<0.1 --torch-backend auto"
    assert "program" in json.loads(place[1].read_text())
    assert "xformers did not install; it is not needed." in capsys.readouterr().out


def test_out_of_reach_of_the_cpu_index_torch_comes_from_the_default_index_and_we_say_so(calls, capsys):
    calls.answers = [(False, NO_NETWORK)]
    install(["torch==2.13.0"], "cpu")
    assert calls.lines[-1] == "uv pip install torch==2.13.0"
    assert "download.pytorch.org is out of reach" in capsys.readouterr().out


def test_an_old_card_gets_no_build_of_the_default_index_which_has_no_code_for_it(calls):
    calls.answers = [(False, NO_NETWORK)]
    with pytest.raises(SetUpError, match="The download broke off"):
        install(["torch==2.13.0"], "cu126")
    assert len(calls.lines) == 1


def test_on_a_terminal_uv_draws_its_progress_and_is_asked_again_when_it_fails(calls, monkeypatch):
    monkeypatch.setattr(packages.sys, "stdout", Terminal())
    monkeypatch.setattr(packages.sys, "stderr", Terminal())
    calls.answers = [(False, "")]
    install(["toml<1"], "cpu")
    assert calls.lines == ["uv pip install toml<1 --torch-backend cpu"] * 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (NO_NETWORK, "The download broke off. Check the connection and start again; "),
        ("error: Failed to install\n  cause: No space left on device (os error 28)\n", "The disk is full. "),
        ("OSError: ... enable Long Path support", "The path is too long for Windows. "),
        ("", "The installation was cut off. Start again; it continues where it stopped."),
        (NO_VERSION, "A package could not be installed: No solution found when resolving dependencies: "),
    ],
    ids=["network", "disk", "long path", "killed", "no version"],
)
def test_every_failure_ends_in_one_sentence(monkeypatch, output, sentence):
    monkeypatch.setenv("LC_ALL", "C")
    assert failure_sentence(output).startswith(sentence)


def test_a_uv_that_pip_can_not_get_is_reported_in_a_sentence(place, calls):
    calls.answers = [(False, "WARNING: Retrying (Retry(total=0, ...\nERROR: No matching distribution found")]
    with pytest.raises(SetUpError, match="The download broke off"):
        environment.ensure(*place)


@pytest.mark.parametrize("lang", ["en_US.UTF-8", "ja_JP.UTF-8"])
def test_sentences_follow_the_locale(monkeypatch, lang):
    monkeypatch.setenv("LC_ALL", lang)
    assert failure_sentence("").isascii() == lang.startswith("en")


@pytest.mark.parametrize("arguments", [["--lang", "ja"], ["--port", "7860", "--lang=ja"]])
def test_lang_on_the_command_line_goes_before_the_locale(monkeypatch, arguments):
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    monkeypatch.setattr(packages.sys, "argv", ["gui.py", *arguments])
    assert packages.text("en", "ja") == "ja"


def test_packages_are_compiled_as_they_are_installed_unless_one_says_otherwise(monkeypatch):
    monkeypatch.delenv("UV_COMPILE_BYTECODE", raising=False)
    assert packages._environ_of("uv")["UV_COMPILE_BYTECODE"] == "1"
    monkeypatch.setenv("UV_COMPILE_BYTECODE", "0")
    assert packages._environ_of("uv")["UV_COMPILE_BYTECODE"] == "0"


def test_mirrors_and_proxies_that_pip_is_configured_for_are_passed_on_to_uv(tmp_path, monkeypatch):
    settings = tmp_path / "pip.conf"
    settings.write_text(
        "[global]\nindex-url = https://mirror.example/simple\nproxy = http://proxy.example:8080\n"
        "extra-index-url =\n    https://one.example\n    https://two.example\n"
        "[install]\nfind-links = /a /b\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIP_INDEX_URL", "https://nearer.example/simple")
    passed_on = packages.settings_of_pip()
    assert passed_on["UV_DEFAULT_INDEX"] == "https://nearer.example/simple"
    assert passed_on["ALL_PROXY"] == "http://proxy.example:8080"
    assert passed_on["UV_INDEX"] == "https://one.example https://two.example"
    assert passed_on["UV_FIND_LINKS"] == "/a,/b"
    assert passed_on["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_a_package_that_was_cut_off_is_not_taken_for_installed(tmp_path):
    for name, files in {"whole": ["METADATA", "RECORD"], "cut": ["METADATA"]}.items():
        (tmp_path / f"{name}-1.0.dist-info").mkdir()
        for file in files:
            (tmp_path / f"{name}-1.0.dist-info" / file).touch()
    packages.remove_half_installed(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == ["whole-1.0.dist-info"]


def test_two_starts_at_once_do_not_set_up_at_once(tmp_path):
    with environment.only_one(tmp_path / "lock"), (tmp_path / "lock").open("w") as second:
        assert not environment.lock(second.fileno())
    with (tmp_path / "lock").open("w") as third:
        assert environment.lock(third.fileno())


def wheel(path: Path) -> bytes:
    """A package of a megabyte that holds nothing of use."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("hollow_package.bin", os.urandom(1_000_000))
        about = "hollow_package-1.0.dist-info/"
        file.writestr(about + "METADATA", "Metadata-Version: 2.1\nName: hollow-package\nVersion: 1.0\n")
        file.writestr(
            about + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(about + "RECORD", "")
    return path.read_bytes()


def test_a_real_uv_gets_a_package_whose_download_is_cut_in_the_middle(tmp_path, monkeypatch):
    pytest.importorskip("uv", reason="the launchers put it in")
    body = wheel(tmp_path / "hollow_package-1.0-py3-none-any.whl")
    served = []

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_page = not self.path.endswith(".whl")
            data = b'<a href="/hollow_package-1.0-py3-none-any.whl">hollow_package</a>' if is_page else body
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if is_page else "application/octet-stream")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "HEAD":
                return
            served.append(self.path)
            is_cut = not is_page and sum(path.endswith(".whl") for path in served) == 1
            self.wfile.write(data[: len(data) // 2] if is_cut else data)

        do_HEAD = do_GET

        def log_message(self, *words: object) -> None:
            """Keeps the console clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(packages, "LOG", tmp_path / "logs" / "setup.log")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple")
    try:
        install(["hollow-package"], "cpu", ["--target", str(tmp_path / "site")])
    finally:
        server.shutdown()
        server.server_close()
    assert (tmp_path / "site" / "hollow_package.bin").stat().st_size == 1_000_000
    assert sum(path.endswith(".whl") for path in served) >= 2


# ---- demo and test


@pytest.mark.parametrize(
    ("arguments", "folder"), [([], "output/demo"), (["--set", "save.output_dir='elsewhere'"], "elsewhere")]
)
def test_the_demo_says_where_its_result_lies(tmp_path, monkeypatch, capsys, arguments, folder):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "run.toml").write_text('[save]\noutput_dir = "output/demo"\n')
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "run_child", lambda arguments: 0)
    assert environment.start_demo(arguments) == 0
    assert str(tmp_path / folder) in capsys.readouterr().out


def test_a_demo_that_was_stopped_passes_its_exit_code_on(monkeypatch):
    monkeypatch.setattr(environment, "run_child", lambda arguments: 3)
    assert environment.start_demo([]) == 3


def test_a_failed_check_fails_the_test_command_although_pytest_passes(monkeypatch):
    monkeypatch.setattr(environment, "run_child", lambda arguments: int(arguments[1] == "mypy"))
    assert environment.start_tests([]) == 1


def test_the_exit_code_of_a_child_is_ours(monkeypatch):
    assert environment.run_child(["-c", "raise SystemExit(5)"]) == 5


@NEEDS_BASH
@pytest.mark.parametrize(("user", "calls"), [(0, ["update", "install"]), (1000, [])])
def test_only_root_gets_the_browser_put_in_by_apt(tmp_path, monkeypatch, user, calls):
    asked = []
    monkeypatch.setattr(environment.sys, "platform", "linux")
    monkeypatch.setattr(environment.os, "geteuid", lambda: user)
    monkeypatch.setattr(environment.shutil, "which", lambda name: name if name == "apt-get" else None)
    monkeypatch.setattr(environment.subprocess, "run", lambda command, **_: asked.append(command[1]))
    monkeypatch.setattr(environment, "LOG", tmp_path / "logs" / "setup.log")
    environment.ensure_browser()
    assert asked == calls


# ---- launch.sh with stand-ins for Python

STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >> "$STAND_IN_LOG"
case "$*" in
    *-venv*) echo python3.12-venv ;;
    *version_info*) exit {fits} ;;
    *ensurepip*) exit {has_venv} ;;
    *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *core.setup.environment*) echo "started in $(pwd)"; exit 3 ;;
esac
"""


@pytest.fixture
def shell(tmp_path):
    """launch.sh in a folder with spaces and Japanese letters, and a search path that holds stand-ins only."""
    folder = Path(tempfile.mkdtemp(prefix="日本 語 & it's ! ", dir=tmp_path))
    shutil.copy(ROOT / "launch.sh", folder)
    programs = tmp_path / "programs"
    programs.mkdir()
    for tool in ("bash", "sh", "dirname", "basename", "mkdir", "cp", "env"):
        (programs / tool).symlink_to(str(shutil.which(tool)))

    def python(name: str, fits: bool = True, has_venv: bool = True) -> None:
        (programs / name).write_text(STAND_IN.format(fits=int(not fits), has_venv=int(not has_venv)))
        (programs / name).chmod(0o755)

    def launch(*arguments: str, lang: str = "C") -> tuple[int, str, list[str]]:
        log = tmp_path / "calls.log"
        log.write_text("")
        environ = {"PATH": str(programs), "STAND_IN_LOG": str(log), "LC_ALL": lang}
        command = [str(folder / "launch.sh"), *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, cwd="/", encoding="utf-8")
        return done.returncode, done.stdout, log.read_text().splitlines()

    return folder, python, launch


@NEEDS_BASH
def test_launch_sh_makes_the_environment_and_hands_everything_over(shell):
    folder, python, launch = shell
    python("python3")
    code, out, calls = launch("demo", "--set", "a.b='c d'")
    assert code == 3 and f"started in {folder}" in out
    assert calls[-2:] == [
        "python3 -m venv --clear .venv",
        "python -m core.setup.environment demo --set a.b='c d'",
    ]


@NEEDS_BASH
def test_launch_sh_takes_the_environment_that_is_there(shell):
    _, python, launch = shell
    python("python3")
    launch()
    _, _, calls = launch()
    assert not any("venv --clear" in call for call in calls)


@NEEDS_BASH
def test_launch_sh_passes_a_python_that_is_too_old_or_too_new(shell):
    _, python, launch = shell
    python("python3", fits=False)
    python("python3.12")
    _, _, calls = launch()
    assert "python3.12 -m venv --clear .venv" in calls


@NEEDS_BASH
@pytest.mark.parametrize(("lang", "words"), [("C", "was not found"), ("ja_JP.UTF-8", "見つかりません")])
def test_launch_sh_says_what_to_install_when_there_is_no_python(shell, lang, words):
    _, _, launch = shell
    code, out, _ = launch(lang=lang)
    assert code == 1 and words in out and "https://www.python.org/downloads/" in out


@NEEDS_BASH
def test_launch_sh_names_the_debian_package_when_the_venv_module_is_missing(shell):
    _, python, launch = shell
    python("python3", has_venv=False)
    code, out, _ = launch()
    assert code == 1 and "sudo apt install python3.12-venv" in out
