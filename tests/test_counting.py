"""One of a thing is said as one, in every sentence of the core that counts."""

import ast
import re
from pathlib import Path

import pytest

from core.counting import counted, of_all, size_text
from core.events import PlanReady, StageProgress
from core.sinks import Console, progress

CORE = Path(__file__).resolve().parents[1] / "core"

# After a number that is filled in: a plural without a choice. What stands before it says why 1 can't occur.
NEVER_ONE = {
    "names.py: repeats",  # a limit
    "header.py: tensors", "pickle_reader.py: tensors", "files.py: bytes", "json_file.py: bytes",  # limits
    "ruleset.py: bytes",  # beyond a limit
    "header.py: bytes", "pickle_reader.py: bytes",  # of files that have a header
    "command_line.py: times",  # more than one
    "patience.py: seconds", "findings.py: tokens",
    "sample.py: tokens", "sample_prompts.py: prompts", "names.py: samples",
    "engine.py: processes", "configs.py: entries",
    "state_folder.py: names",  # after a word
}  # fmt: skip

NOUNS = (
    "images|images|files|steps|folders|captions|tensors|modules|epochs|times|tokens|samples|masks|settings|"
    "options|states|bytes|pixels|entries|batches|names|weights|lines|days|seconds|prompts|processes|repeats|"
    "blocks|problems|keys"
)


def plurals(path: Path) -> set[str]:
    """Nouns that follow a filled-in number in an English sentence."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            text = after.value if isinstance(after, ast.Constant) else ""
            match = re.match(rf" ({NOUNS})\b", str(text))
            if match and isinstance(value, ast.FormattedValue) and not _chooses(value):
                found.add(f"{path.name}: {match[1]}")
    return found


def _chooses(value: ast.FormattedValue) -> bool:
    return isinstance(value.value, ast.Call | ast.IfExp) and "counted" in ast.dump(value.value)


def test_a_plural_behind_a_number_is_chosen_by_it_or_known_not_to_be_one():
    found = set().union(*(plurals(path) for path in CORE.rglob("*.py")))
    assert found - NEVER_ONE == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (counted(1, "image"), "1 image"),
        (counted(2, "image"), "2 images"),
        (counted(1, "file is", "files are"), "1 file is"),
        (counted(12_000, "byte"), "12,000 bytes"),
        (of_all(1, 3, "image", "has", "have"), "1 of 3 images has"),
    ],
)
def test_a_count_has_its_noun(text, words):
    assert text == words


def test_a_plan_of_one_of_everything_is_said_as_such(capsys):
    import sys

    Console(sys.stdout, "en")(PlanReady(1, 1, 1, 1, 1, 1, ({"size": [64, 64], "images": 1},)))
    said = capsys.readouterr().out
    assert "1 image, 1 regularization image; 1 step an epoch, 1 epoch, 1 step\n" in said


def test_samples_are_counted_in_images():
    event = StageProgress("sample", 24, 150, item=1, items=5)
    assert (progress(event, "en"), progress(event, "ja")) == ("image 1 of 5", "1/5枚目")
    assert progress(StageProgress("fetch_model", 3, 40), "en") == "3/40 MiB"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"), (1000, "1000 B"), (1536, "1.5 KiB"), (150_000_000, "143 MiB"),
        (1610612736, "1.5 GiB"), (99.96 * 2**30, "100 GiB"), (2000 * 2**30, "2,000 GiB"),
    ],
)  # fmt: skip
def test_sizes_are_written_in_powers_of_1024(size, text):
    assert size_text(size) == text
