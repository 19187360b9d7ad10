"""Simplified Chinese: every wording that has a Japanese one has a Chinese one, with the same gaps."""

import ast
import itertools
import re
import tomllib
from collections.abc import Iterator

import pytest

from core.catalog import Words
from core.chinese import catalogue, chinese
from core.counting import gaps
from core.errors import Message
from tests.test_architecture import ROOT, sources

JAPANESE = re.compile(r"[぀-ヿ㐀-鿿]")
UNTRANSLATED = "core.setup"
"""The set-up before the first start, which can load nothing, speaks English and Japanese."""


def text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def pairs(tree: ast.AST) -> Iterator[str]:
    """The English of Words and messages, and of other texts that stand right before a Japanese one."""
    for node in ast.walk(tree):
        parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
        is_words = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Words"
        for en, ja in itertools.pairwise(parts):
            is_pair = JAPANESE.search(text(ja)) and not JAPANESE.search(text(en))
            if text(en).strip() and (is_words or is_pair):
                yield text(en)


def wordings() -> list[str]:
    """All that are in the program and in its presets, in order and each once."""
    found = [
        en
        for module, (_, _, tree) in sources().items()
        if not module.startswith(UNTRANSLATED)
        for en in pairs(tree)
    ]
    for path in sorted((ROOT / "presets").glob("*.toml")):
        about = tomllib.loads(path.read_text("utf-8"))
        tables = (about.get(name) for name in ("title", "note", "source"))
        found += [table["en"] for table in tables if isinstance(table, dict)]
    return [*dict.fromkeys(found)]


def test_every_wording_has_a_chinese_one():
    missing = [en for en in wordings() if en not in catalogue()]
    assert not missing, f"{len(missing)}: {missing[:5]}"


def test_no_chinese_wording_is_left_of_an_english_one_that_is_gone():
    assert [*catalogue().keys() - {*wordings()}] == []


def test_no_text_is_chosen_by_asking_for_japanese_where_chinese_would_then_be_english():
    asking = [
        f"{module}:{node.lineno}"
        for module, (_, _, tree) in sources().items()
        if module != "core.catalog"
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and "ja" in {text(part) for part in (node.left, *node.comparators)}
    ]
    assert asking == []


def gaps_in(template: str) -> set[str]:
    """None for a text that is never filled, such as an example of JSON."""
    try:
        return gaps(template)
    except ValueError:
        return set()


def test_a_chinese_wording_has_the_gaps_of_its_english_one():
    assert [en for en, zh in catalogue().items() if gaps_in(zh) != gaps_in(en)] == []


def test_the_catalogue_is_sorted_by_its_english():
    assert [*catalogue()] == sorted(catalogue())


@pytest.mark.parametrize("mark", ["，", "。", "："])
def test_a_sentence_ends_as_its_english_one_does(mark):
    ends = {"，": ",", "。": ".", "：": ":"}
    ending = [en.rstrip() for en, zh in catalogue().items() if zh.endswith(mark)]
    assert [en for en in ending if not en.endswith(ends[mark])] == []


def test_a_wording_without_a_chinese_one_stays_english():
    assert chinese("A frog that nobody has named") == "A frog that nobody has named"


def test_words_put_together_bring_their_own_chinese():
    assert Words("3 files", "ファイル3個", "3个文件").of("zh") == "3个文件"


def test_a_message_is_filled_in_chinese(monkeypatch):
    monkeypatch.setattr("core.catalog.chinese", {"{path} is empty": "{path}为空"}.__getitem__)
    assert Message("E-TEST", "{path} is empty", "{path}は空です")(path="a.txt").sentence("zh") == "a.txt为空"
