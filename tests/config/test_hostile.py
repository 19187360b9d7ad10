"""Settings that were broken, or made to break the reader: a sentence and exit code 2, and soon."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.config import presets
from core.config.check import check, load
from core.config.imports.read_any import import_metadata, import_text
from core.errors import ConfigError, UserError
from tests.config import mutations

ROOT = Path(__file__).resolve().parents[2]
GOOD = "format = 1\nmodel.base = 'm'\ndataset.train_data_dir = 't'\n"
SECONDS = 5.0
"""Of processor time; these take a tenth of it."""


def refusal(read, text):
    """The first problem of a text, in English, and how long it took to say so."""
    start = time.process_time()
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert time.process_time() - start < SECONDS
    assert caught.value.exit_code == 2
    return [problem.text("en") for problem in caught.value.problems]


def survive(read, texts):
    """Each text is refused in sentences or is valid, within a second."""
    for text in texts:
        start = time.process_time()
        try:
            read(text)
        except UserError as refused:
            assert refused.exit_code == 2, text
            assert all(p.text("en") and p.text("ja") for p in refused.problems), text
        assert time.process_time() - start < 1, text


def test_2000_mutated_run_files_are_valid_or_refused(caplog):
    survive(check, mutations.texts(seed=20, count=2000))
    assert "could not be read" not in caplog.text  # each fault was foreseen


def test_300_mutated_imports_and_600_texts_of_random_bytes_are_read_or_refused(caplog):
    survive(import_text, mutations.imports(seed=21, count=300))
    survive(import_text, mutations.random_bytes(seed=22, count=300))
    survive(check, mutations.random_bytes(seed=23, count=300))
    assert "could not be read" not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "[train]\n" + "".join(f"unknown_key_{i} = {i}\n" for i in range(3000)),
        "".join(f"[a{i}]\nb = {i}\n" for i in range(20_000)),
        "".join(f"[[a]]\nb = {i}\n" for i in range(20_000)),
        "[dataset]\nx = {" + ", ".join(f"k{i} = {i}" for i in range(20_000)) + "}\n",
        "a" * 900_000 + " = 1",
        "[network]\nbase_weights = [" + '"a",' * 200_000 + "]",
        "#x\n" * 300_000,
    ],
    ids=["unknown keys", "sections", "tables", "inline table", "long key", "long list", "comments"],
)
def test_a_large_text_is_refused_in_seconds(text):
    assert refusal(check, text)


def test_every_one_of_3000_unknown_keys_is_named_and_the_first_get_advice():
    text = "[train]\n" + "".join(f"learning_rat{i} = 1\n" for i in range(3000))
    said = refusal(check, text)
    assert sum("no such option" in one for one in said) == 3000
    assert said[0].endswith("did you mean learning_rate?")


@pytest.mark.parametrize(
    "text",
    [
        "--a " * 200_000,
        " ".join(f"--unknown_{i} {i}" for i in range(40_000)),
        "{" + ",".join(f'"k{i}":{i}' for i in range(60_000)) + "}",
        "train_db.py --output_name " + "x " * 400_000 + "--seed",
    ],
    ids=["one option", "many options", "json", "one value"],
)
def test_a_large_paste_is_answered_in_seconds(text):
    start = time.process_time()
    try:
        import_text(text)
    except ConfigError as refused:
        assert refused.exit_code == 2
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("read", [check, import_text])
@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 100_000 + "]" * 100_000, "x = " + "{a = " * 5000 + "1" + "}" * 5000],
    ids=["lists", "tables"],
)
def test_nesting_without_end_is_said_so(read, text):
    assert "nested too deeply" in refusal(read, text)[0]


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 5000) + " = 1\n",
        "\n".join("[" + ".".join(["a"] * n) + "]\nb = 1" for n in range(1, 600)),
    ],
    ids=["dotted key", "headers"],
)
def test_names_within_names_without_end_are_no_options(text):
    assert any("no such option" in one for one in refusal(check, text))


def test_json_nested_5000_deep_is_said_so():
    assert "nested too deeply" in refusal(import_text, '{"a":' * 5000 + "1" + "}" * 5000)[0]


@pytest.mark.parametrize(
    ("read", "text", "line"),
    [
        (check, f"[train]\nseed = {'1' * 5000}", "line 2"),
        (import_text, f"network_dim = 1\nseed = {'1' * 5000}", "line 2"),
        (import_text, '{\n"network_dim": ' + "1" * 5000 + "}", "line 2"),
    ],
    ids=["run file", "toml", "json"],
)
def test_a_number_of_5000_digits_is_said_with_its_line(read, text, line):
    assert refusal(read, text)[0].startswith(f"{line}: a number of 5,000 digits")


def test_a_number_of_5000_digits_in_a_command_or_in_metadata_is_not_taken():
    found = import_text(f"train_network.py --seed=5 --network_dim={'1' * 5000}")
    assert "network.rank" not in found.values and found.values["train.seed"] == 5
    told = import_metadata({"ss_seed": "5", "ss_network_dim": "1" * 5000, "ss_network_args": "[" * 5000})
    assert "network.rank" not in told.values and told.values["train.seed"] == 5


@pytest.mark.parametrize("key", ["max_train_steps", "max_train_epochs", "validate_every_n_steps"])
def test_a_count_beyond_a_thousand_million_is_refused_with_the_bound(key):
    for value in ("1" + "0" * 30, "0x" + "f" * 4000, "1000000001"):
        [said] = refusal(check, f"{GOOD}[train]\n{key} = {value}\n")
        assert f"train.{key}: must be at most " in said and said.startswith("line 5")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("[network]\nnetwork_args = 5", "network.network_args"),
        ("[network]\nnetwork_args = [[1], {}]", "network.network_args"),
        ("[sample]\nsample_sampler = ['ddim']", "sample.sample_sampler"),
        ("[train]\nfull_fp16 = true\nmixed_precision = ['fp16']", "train.precision"),
        ("model.max_token_length = '" + "7" * 5000 + "'", "model.max_token_length"),
        ("[optimizer]\noptimizer_args = ['a={[]:1}']", "optimizer.optimizer_args"),
        ("[optimizer]\noptimizer_args = ['a=" + "(" * 5000 + "']", "optimizer.optimizer_args"),
        ("[optimizer]\nlr_warmup_steps = '" + "9" * 5000 + "%'", "optimizer.lr_warmup_steps"),
    ],
)
def test_a_value_of_another_kind_names_its_option(line, key):
    assert any(key in one or key.split(".")[1] in one for one in refusal(check, GOOD + line))


def test_a_file_of_100_megabytes_is_refused_unread(tmp_path):
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    for read in (load, presets.load):
        start = time.process_time()
        with pytest.raises(ConfigError, match="too large: it has 100,000,000 bytes"):
            read(path)
        assert time.process_time() - start < 0.5


def test_a_pipe_and_a_folder_are_no_run_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("pipe", "a pipe"), (".", "a folder")):
        with pytest.raises(ConfigError, match=said):
            load(tmp_path / name)


WRITER = """
import os, sys
from pathlib import Path
from core.config.file import toml_text
path, at = Path(sys.argv[1]), int(sys.argv[2])
done = 0
def dying(real):
    def act(*args, **more):
        global done
        done += 1
        if done == at:
            os.kill(os.getpid(), 9)
        return real(*args, **more)
    return act
for name in ("fsync", "chmod", "replace", "open"):
    setattr(os, name, dying(getattr(os, name)))
toml_text.write(path, "new")
print("whole")
"""


def test_a_preset_is_the_old_or_the_new_one_wherever_the_writer_is_killed(tmp_path):
    found = []
    for at in range(1, 6):
        path = tmp_path / f"{at}.toml"
        path.write_text("old")
        done = subprocess.run(
            [sys.executable, "-c", WRITER, str(path), str(at)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        found.append((done.returncode, path.read_text()))
        if done.returncode == 0:
            break
    assert found[-1] == (0, "new") and len(found) > 3
    assert all(code == -signal.SIGKILL and text in ("old", "new") for code, text in found[:-1])


def test_no_module_loads_yaml():
    # The template of SD2, which comes with the program, is no user's.
    sources = [path for folder in ("core", "ui") for path in (ROOT / folder).rglob("*.py")]
    for path in [*sources, ROOT / "gui.py"]:
        text = path.read_text(encoding="utf-8").replace("yaml.safe_load(_TEMPLATE.read_text", "")
        assert re.search(r"yaml\.\w*(load|parse|compose|scan|constr)|ruamel|from yaml", text) is None, path
