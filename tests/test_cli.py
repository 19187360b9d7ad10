"""The command line: exit codes, and the reason as the last line."""

import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from core.cli import main
from core.config.check import check
from core.config.file.toml_text import toml_value
from tests.tiny import make_tiny

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def run_file(tmp_path_factory) -> Path:
    """A run of two steps on two images with a tiny model."""
    place = tmp_path_factory.mktemp("cli")
    folder = place / "train" / "2_sls frog"
    folder.mkdir(parents=True)
    for n in range(2):
        Image.new("RGB", (64, 64), (n * 90, 120, 30)).save(folder / f"{n}.png")
    base = make_tiny(place / "tiny.safetensors")
    path = place / "run.toml"
    path.write_text(
        f"pretrained_model_name_or_path = {toml_value(str(base))}\n"
        f"train_data_dir = {toml_value(str(place / 'train'))}\n"
        f"output_dir = {toml_value(str(place / 'out'))}\n"
        'resolution = "64"\nmax_train_steps = 2\nnetwork_module = "networks.lora"\nnetwork_dim = 2\n'
        "cache_latents = true\nseed = 1\n",
        encoding="utf-8",
    )
    return path


def core(*words: object, given: str | None = None, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", input=given, check=False, timeout=300,
        **more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(run_file) -> subprocess.CompletedProcess[str]:
    return core("train", run_file)


def test_a_config_file_of_sd_scripts_trains_unchanged_and_exits_with_0(trained, run_file):
    assert trained.returncode == 0, trained.stdout
    assert (run_file.parent / "out" / "last.safetensors").is_file()


def test_the_console_shows_our_own_lines_only(trained):
    assert trained.stderr == ""
    assert not any(word in trained.stdout for word in ("Warning", "warning:", "torchvision", "it/s]"))


def test_check_prints_file_line_and_key(run_file, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("format = 1\n[dataset]\nresolution = 500\n")
    done = core("check", bad, "--lang", "en")
    assert done.returncode == 2
    assert (
        f"{bad}:3: dataset.resolution: must be a multiple of 64, not 500; 512 is the nearest." in done.stdout
    )


def test_check_speaks_japanese_when_asked(run_file, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("format = 1\n[dataset]\nresolution = 500\n")
    assert "64の倍数にしてください" in core("check", bad, "--lang", "ja").stdout


def test_plan_json_has_the_promised_keys(run_file):
    plan = json.loads(core("plan", run_file, "--json").stdout)
    assert set(plan) == {
        "images", "folders", "buckets", "epoch", "total_steps", "epochs", "problems", "notices",
    }  # fmt: skip
    assert set(plan["images"][0]) == {
        "path", "folder", "is_reg", "repeats", "size", "bucket", "resized", "crop", "caption", "tokens",
        "used_per_epoch",
    }  # fmt: skip
    assert plan["images"][0]["tokens"] == 2
    assert plan["epoch"] == {"train_samples": 4, "reg_samples": 0, "batches": 4, "steps": 4}


def test_a_missing_run_file_exits_with_2_and_names_it():
    done = core("train", "nowhere.toml", "--lang", "en")
    assert done.returncode == 2 and "nowhere.toml" in done.stdout.splitlines()[-1]


def test_a_pasted_command_becomes_a_run_file(tmp_path):
    target = tmp_path / "run.toml"
    done = core(
        "import", "-", "-o", target, given="train_db.py --learning_rate=1e-6 --resolution=768,512 --v2"
    )
    assert done.returncode == 0
    text = target.read_text(encoding="utf-8")
    assert 'family = "sd2"' in text and "learning_rate = 1e-6" in text


def test_import_never_overwrites(tmp_path):
    target = tmp_path / "run.toml"
    target.write_text("mine")
    assert core("import", "-", "-o", target, given="train_db.py --v2").returncode == 2
    assert target.read_text() == "mine"


def test_inspect_json_has_the_promised_keys(run_file):
    found = json.loads(core("inspect", run_file.parent / "tiny.safetensors", "--json").stdout)
    assert set(found) == {
        "kind", "family", "variant", "prediction", "format", "dtypes", "rank", "alpha", "modules",
        "parameters", "metadata", "problems",
    }  # fmt: skip
    assert (found["kind"], found["family"], found["format"]) == ("model", "sd1", "ldm")


def test_check_and_plan_name_the_file_and_line_of_a_fault_in_a_dataset_config(tmp_path):
    subset = "[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'x'\nnum_repeat = 2\n"
    data, run = tmp_path / "data.toml", tmp_path / "run.toml"
    data.write_text(subset)
    run.write_text(f"[model]\nbase = 'm'\n[dataset]\ndataset_config = '{data}'\n")
    key = "datasets.0.subsets.0.num_repeat: no such option; did you mean num_repeats?"
    checked, planned = core("check", run, "--lang", "en"), core("plan", run, "--lang", "en")
    assert (checked.returncode, planned.returncode) == (2, 2)
    assert f"{data}:4: {key}" in checked.stdout and f"{data}: line 4: {key}" in planned.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_too_little_memory_to_begin_with_is_a_sentence_with_exit_code_5(run_file):
    import resource

    def with_little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (450 * 2**20, 450 * 2**20))

    out = run_file.parent / "little"
    done = core(
        "train", run_file, "--lang", "en", "--set", f"save.output_dir='{out}'", preexec_fn=with_little_memory
    )
    assert done.returncode == 5, done.stdout
    assert done.stdout.splitlines()[-1].startswith("Memory ran out.")


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_disk_that_takes_no_byte_at_the_start_is_a_sentence_with_exit_code_5(run_file):
    import resource

    def without_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    out = run_file.parent / "full"
    done = core(
        "train", run_file, "--lang", "en", "--set", f"save.output_dir='{out}'", preexec_fn=without_room
    )
    assert done.returncode == 5, done.stdout
    assert done.stdout.splitlines()[-1].startswith("the disk is full: no room for ")
    assert list((out / "runs").iterdir()) == []


def test_import_reads_a_lora_whatever_its_endings_case(tmp_path, run_file, trained):
    lora = tmp_path / "L.SAFETENSORS"
    lora.write_bytes((run_file.parent / "out" / "last.safetensors").read_bytes())
    done = core("import", lora, "--lang", "en")
    assert done.returncode == 0 and "rank = 2" in done.stdout


@pytest.mark.parametrize("given", ["", "hello there", '{"training_method": "EMBEDDING"}'])
def test_import_of_no_settings_exits_with_2_and_writes_nothing(tmp_path, given):
    target = tmp_path / "run.toml"
    done = core("import", "-", "-o", target, "--lang", "en", given=given)
    assert done.returncode == 2 and not target.exists() and "Traceback" not in done.stdout


def test_a_run_is_trained_with_each_of_several_values(run_file, monkeypatch):
    out, started = io.StringIO(), []

    class Over:
        ended = SimpleNamespace(exit_code=0)

        def wait(self, seconds):
            return True

    def start(self, text, overrides, sinks):
        started.append(check(text, overrides).config)
        return Over()

    monkeypatch.setattr("core.console.take_over", lambda log: out)
    monkeypatch.setattr("core.runner.Runner.start", start)
    words = ["train", str(run_file), "--set", "train.max_train_steps=1", "--vary", "network.rank=1,2"]
    assert main(words) == 0
    assert out.getvalue() == "1/2 last-rank1\n2/2 last-rank2\n"
    assert [(c.network.rank, c.train.max_train_steps) for c in started] == [(1, 1), (2, 1)]


def test_several_values_under_several_processes_are_refused_in_a_sentence(run_file, monkeypatch):
    out = io.StringIO()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("core.console.take_over", lambda log: out)
    monkeypatch.setattr("core.runner.Runner.start", None)
    assert main(["train", str(run_file), "--vary", "network.rank=1,2", "--lang", "en"]) == 2
    assert "--vary can't be used with several processes (2)" in out.getvalue()
