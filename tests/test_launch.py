"""The launchers and the set-up: what they find, what they install, what they say when it fails."""

import functools
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

from core.setup import environment
from core.setup import pip as setup_pip
from core.setup import torch_build as setup_torch
from core.setup.pip import Outcome, Progress, SetUpError, install
from core.setup.torch_build import Card, torch_arguments, torch_build

ROOT = Path(__file__).resolve().parent.parent
BROKEN = Outcome(
    False, ("WARNING: Retrying (Retry(total=0, ...", "ERROR: No matching distribution found for torch")
)
NEEDS_BASH = pytest.mark.skipif(sys.platform == "win32", reason="launch.sh is for Linux and macOS")


class FakePip:
    """Writes down what pip is told, and answers from a list, then with success."""

    def __init__(self, *answers: Outcome) -> None:
        self.calls: list[list[str]] = []
        self.answers = list(answers)

    def __call__(self, arguments: list[str]) -> Outcome:
        self.calls.append(arguments)
        return self.answers.pop(0) if self.answers else Outcome(True)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A requirements file and a stamp in an empty folder, on a machine without a card or the network."""
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(environment, "nvidia_smi", lambda: None)
    monkeypatch.setattr(environment, "remove_half_installed", lambda folder: None)
    monkeypatch.setattr(setup_torch, "can_reach", lambda url: False)
    monkeypatch.setattr(setup_torch.platform, "system", lambda: "Linux")
    monkeypatch.setattr(setup_pip, "installed", {"pip": "26.0"}.get)
    for module in (environment, setup_torch):
        monkeypatch.setattr(module, "installed", {"pip": "26.0"}.get)
    file = tmp_path / "requirements.txt"
    file.write_text("torch==2.13.0\n\ntoml>=0.10,<1\n\n# optional: only with a card\nxformers>=0.0.35,<0.1\n")
    return file, tmp_path / "stamp.json"


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


def test_a_card_of_today_gets_the_cuda_13_build_from_the_cuda_index_on_windows():
    build = torch_build([Card(8.9, 580)], "Windows")
    assert torch_arguments("2.13.0", build, "Windows", "AMD64") == (
        "torch==2.13.0+cu130",
        ("--extra-index-url", "https://download.pytorch.org/whl/cu130"),
    )


def test_a_card_of_today_gets_the_default_index_on_linux_since_that_is_the_cuda_13_build():
    build = torch_build([Card(9.0, 590)], "Linux")
    assert torch_arguments("2.13.0", build, "Linux", "x86_64") == ("torch==2.13.0", ())


@pytest.mark.parametrize(
    "card", [Card(6.1, 580), Card(8.6, 550), Card(0, 470)], ids=["Pascal", "old driver", "both"]
)
def test_an_old_card_or_driver_gets_the_cuda_12_build(card):
    assert torch_build([card], "Linux") == "cu126"


def test_a_blackwell_card_gets_cuda_13_even_with_an_old_driver_since_cuda_12_has_no_code_for_it():
    assert torch_build([Card(12.0, 572)], "Windows") == "cu130"


def test_no_card_gets_the_small_cpu_build_on_linux():
    assert torch_arguments("2.13.0", torch_build([], "Linux"), "Linux", "x86_64") == (
        "torch==2.13.0+cpu",
        ("--extra-index-url", "https://download.pytorch.org/whl/cpu"),
    )


@pytest.mark.parametrize("system", ["Windows", "Darwin"])
def test_no_card_gets_the_default_index_where_that_is_the_cpu_build(system):
    assert torch_arguments("2.13.0", torch_build([], system), system, "arm64") == ("torch==2.13.0", ())


@NEEDS_BASH
def test_cards_are_read_from_nvidia_smi_with_and_without_their_capability(tmp_path):
    smi = tmp_path / "nvidia-smi"
    smi.write_text(
        '#!/bin/sh\ncase "$1" in *compute_cap*) echo "580.65.06, 9.0"; echo "580.65.06, 7.5";; esac\n'
    )
    smi.chmod(0o755)
    assert setup_torch.nvidia_cards(str(smi)) == [Card(9.0, 580), Card(7.5, 580)]
    smi.write_text(
        '#!/bin/sh\ncase "$1" in *compute_cap*) echo "not a valid field"; exit 2;; esac\necho 470.82\n'
    )
    assert setup_torch.nvidia_cards(str(smi)) == [Card(0, 470)]


@NEEDS_BASH
def test_an_nvidia_smi_that_finds_no_driver_means_no_card(tmp_path):
    smi = tmp_path / "nvidia-smi"
    smi.write_text(
        "#!/bin/sh\necho 'NVIDIA-SMI has failed because it could not communicate with the driver.'\nexit 9\n"
    )
    smi.chmod(0o755)
    assert setup_torch.nvidia_cards(str(smi)) == []


@pytest.mark.parametrize("present", ["2.13.0", "2.13.0+cpu", "2.13.0+cu126", "2.13.0+rocm7.0"])
def test_a_torch_of_the_pinned_release_is_kept_whatever_its_build(present):
    assert setup_torch.keeps_torch("2.13.0", present, build="cu130", ours=None)


def test_a_torch_of_another_release_is_replaced():
    assert not setup_torch.keeps_torch("2.13.0", "2.9.1+cu128", build="cu130", ours=None)


def test_the_cpu_build_that_we_put_in_gives_way_when_a_card_has_come():
    assert not setup_torch.keeps_torch("2.13.0", "2.13.0+cpu", build="cu130", ours="cpu")
    assert setup_torch.keeps_torch("2.13.0", "2.13.0+cpu", build="cpu", ours="cpu")


# ---- setting up


def test_a_stamp_makes_the_second_start_skip_pip(place):
    file, stamp = place
    environment.ensure(file, stamp, FakePip())
    second = FakePip()
    environment.ensure(file, stamp, second)
    assert second.calls == []


def test_changed_requirements_make_the_next_start_set_up_again(place):
    file, stamp = place
    environment.ensure(file, stamp, FakePip())
    file.write_text(file.read_text() + "\nnumpy>=2,<3\n")
    pip = FakePip()
    environment.ensure(file, stamp, pip)
    assert "numpy>=2,<3" in pip.calls[-1]


def test_windows_line_ends_in_the_requirements_do_not_make_it_set_up_again(place):
    file, _ = place
    before = environment.fingerprint(file, has_card=False)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert environment.fingerprint(file, has_card=False) == before


def test_what_is_there_already_needs_no_network(place, monkeypatch):
    file, stamp = place
    monkeypatch.setattr(environment, "installed", {"pip": "23.0", "torch": "2.13.0+cpu"}.get)
    pip = FakePip()
    environment.ensure(file, stamp, pip)
    assert pip.calls == [["install", "--no-index", "torch==2.13.0", "toml>=0.10,<1"]]


def test_without_a_card_xformers_is_not_asked_for(place):
    pip = FakePip()
    environment.ensure(*place, pip)
    assert not any("xformers" in part for call in pip.calls for part in call)


def test_when_xformers_fails_the_set_up_goes_on(place, monkeypatch, capsys):
    file, stamp = place
    monkeypatch.setattr(environment, "nvidia_smi", lambda: "nvidia-smi")
    monkeypatch.setattr(environment, "nvidia_cards", lambda program: [Card(9.0, 580)])
    pip = FakePip(Outcome(True), Outcome(True), Outcome(False, ("ERROR: no wheel",)))
    environment.ensure(file, stamp, pip)
    assert pip.calls[-1] == ["install", "--no-deps", "xformers>=0.0.35,<0.1"]
    assert "program" in json.loads(stamp.read_text())
    assert "xformers did not install; it is not needed." in capsys.readouterr().out


def test_without_the_cpu_index_torch_comes_from_the_default_index_and_we_say_so(place, capsys):
    pip = FakePip()
    environment.ensure(*place, pip)
    assert pip.calls[0] == ["install", "torch==2.13.0"]
    assert "download.pytorch.org is out of reach" in capsys.readouterr().out


def test_a_broken_download_is_tried_three_times_and_then_told_in_one_sentence(place, monkeypatch):
    monkeypatch.setattr(setup_torch, "install", functools.partial(install, pause=0))
    pip = FakePip(BROKEN, BROKEN, BROKEN)
    with pytest.raises(SetUpError) as fault:
        environment.ensure(*place, pip)
    assert len(pip.calls) == 3
    assert str(fault.value) == (
        "The download broke off. Check the connection and start again; it goes on where it stopped."
    )


def test_after_a_break_packages_are_installed_singly_so_that_what_arrived_stays(place):
    pip = FakePip(BROKEN)
    install(pip, ["numpy<3", "toml<1"], pause=0)
    assert pip.calls[1:] == [
        ["install", "--no-deps", "numpy<3"],
        ["install", "--no-deps", "toml<1"],
        ["install", "numpy<3", "toml<1"],
    ]


def test_a_start_after_one_that_was_cut_off_goes_singly_at_once(place):
    file, stamp = place
    with pytest.raises(SetUpError):
        environment.ensure(file, stamp, FakePip(Outcome(True), Outcome(False, ("ERROR: something",))))
    pip = FakePip()
    environment.ensure(file, stamp, pip)
    assert ["install", "--no-deps", "toml>=0.10,<1"] in pip.calls


def test_another_fault_is_not_tried_again_and_its_reason_is_told(place):
    pip = FakePip(Outcome(False, ("ERROR: torch-2.13.0 is not a supported wheel on this platform.",)))
    with pytest.raises(SetUpError, match="not a supported wheel"):
        install(pip, ["torch==2.13.0"], pause=0)
    assert len(pip.calls) == 1


def test_a_full_disk_is_told_as_a_full_disk(place):
    with pytest.raises(SetUpError, match="The disk is full"):
        install(FakePip(Outcome(False, ("ERROR: [Errno 28] No space left on device",))), ["toml<1"], pause=0)


@pytest.mark.parametrize("lang", ["en_US.UTF-8", "ja_JP.UTF-8"])
def test_sentences_follow_the_locale(monkeypatch, lang):
    monkeypatch.setenv("LC_ALL", lang)
    assert setup_pip.failure_sentence(()).isascii() == lang.startswith("en")


def test_lang_on_the_command_line_goes_before_the_locale():
    assert setup_pip.speaks_japanese(["gui.py", "--lang", "ja"], {"LANG": "en_US.UTF-8"})
    assert not setup_pip.speaks_japanese(["gui.py", "--lang=en"], {"LANG": "ja_JP.UTF-8"})


def test_a_package_that_was_cut_off_is_not_taken_for_installed(tmp_path):
    for name, files in {"whole": ["METADATA", "RECORD"], "cut": ["METADATA"]}.items():
        (tmp_path / f"{name}-1.0.dist-info").mkdir()
        for file in files:
            (tmp_path / f"{name}-1.0.dist-info" / file).touch()
    setup_pip.remove_half_installed(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == ["whole-1.0.dist-info"]


def test_progress_names_each_large_file_once_where_there_is_no_terminal():
    out = io.StringIO()
    progress = Progress(out)
    for line in (
        "Collecting torch==2.13.0\n",
        "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (30 kB)\n",
        "Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (191.8 MB)\n",
        "Progress 65536 of 191794682\n",
        "Downloading toml-0.10.2-py2.py3-none-any.whl (16 kB)\n",
    ):
        progress.take(line)
    assert out.getvalue() == "  torch 2.13.0 (192 MB) | 0 s\n"
    assert progress.downloaded == pytest.approx(191.816)


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


def test_a_real_pip_gets_a_package_whose_download_is_cut_in_the_middle(tmp_path, monkeypatch):
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
            served.append(self.path)
            is_cut = not is_page and sum(path.endswith(".whl") for path in served) == 1
            self.wfile.write(data[: len(data) // 2] if is_cut else data)

        def log_message(self, *words: object) -> None:
            """Keeps the console clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(setup_pip, "LOG", tmp_path / "logs" / "setup.log")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    try:
        options = (
            "--index-url",
            f"http://127.0.0.1:{server.server_port}/simple",
            "--target",
            str(tmp_path / "site"),
        )
        pip = functools.partial(setup_pip.run_pip, progress=Progress(io.StringIO()))
        install(pip, ["hollow-package"], options, pause=0)
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
