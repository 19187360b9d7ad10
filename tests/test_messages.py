"""The messages of the program: constants in both languages, called with just the facts of their gaps."""

import ast
import functools
import importlib
import itertools
import re
import string
from collections import Counter

import pytest

from core.counting import filled, gaps, listed
from core.errors import Message
from tests.test_architecture import sources
from tests.test_counting import NOUNS

OWN = {"path", "name"}
"""Gaps that a problem fills itself."""
PLACES = {"path", "key", "line"}


@functools.cache
def constants() -> dict[tuple[str, str], Message]:
    """Every message that is a constant of a module: module and name -> message."""
    texts = {module: text for module, (_, text, _) in sources().items() if " = Message(" in text}
    return {
        (module, name): value
        for module in texts
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, Message) and re.search(rf"^{name} = Message\(", texts[module], re.M)
    }


def calls():
    """Every call of such a constant: where it stands, the message, the keywords."""
    known = constants()
    for module, (_, _, tree) in sources().items():
        names = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                message = known.get((names.get(called.value.id, ""), called.attr))
            elif isinstance(called, ast.Name):
                message = known.get((module, called.id)) or known.get(
                    tuple(names.get(called.id, ".").rsplit(".", 1))
                )
            else:
                message = None
            if message is not None:
                yield f"{module}:{node.lineno}", message, node


def chosen(template: str) -> set[str]:
    """The gaps that choose a word and do not stand there themselves: Japanese has no plural."""
    parts = string.Formatter().parse(template)
    return {name for _, name, spec, _ in parts if spec and "|" in spec and "#" not in spec}


def test_both_languages_say_something_with_the_same_gaps():
    for place, message in constants().items():
        assert message.en.strip() and message.ja.strip(), place
        assert message.en != message.ja or not re.sub(r"\{.*?\}", "", message.en), place  # nothing but gaps
        assert gaps(message.en) - chosen(message.en) == gaps(message.ja) - chosen(message.en), place


def test_a_code_is_of_its_kind_and_a_sentence_stands_once():
    messages = constants()
    for place, message in messages.items():
        assert message.code[:2] in ("E-", "W-", "I-") and message.code.upper() == message.code, place
    for lang in ("en", "ja"):
        often = Counter((getattr(message, lang), message.key) for message in messages.values())
        assert [sentence for sentence, times in often.items() if times > 1] == []


def test_only_singular_and_plural_are_chosen_by_a_number():
    for place, message in constants().items():
        for template in (message.en, message.ja):
            for _, _, spec, _ in string.Formatter().parse(template):
                assert not spec or spec.count("|") <= 1, place


def test_a_message_is_called_with_all_its_facts_and_no_others():
    seen = 0
    for place, message, call in calls():
        seen += 1
        given = {word.arg for word in call.keywords}
        assert not call.args, place
        if None not in given:  # **facts
            assert given - PLACES - OWN == gaps(message.en) - OWN, place
            assert "path" in given or not gaps(message.en) & OWN - given, place
    assert seen > 100


NEVER_ONE = {
    "E-IMG-TRUNC: bytes",  # of files that have a header
    "E-CAP-LARGE: bytes", "E-PATH-LONG: bytes", "E-ZIP-MANY: files", "E-DIR-COUNT: samples",  # beyond a limit
    "E-IMG-HUGE: megapixels", "W-CAP-LONG: tokens", "W-SAMPLE-LONG: tokens",  # limits
    "E-READ-STALLED: seconds", "W-SAMPLE-MANY: prompts",  # a limit, beyond one
    "W-IMG-FORMAT: files", "E-IMG-SIZE: pixels",  # not after a count
    "W-CAP-LINES: lines", "E-ZIP-BOMB: times", "W-IMPORT-TWICE: times",  # more than one
}  # fmt: skip


def test_a_plural_behind_a_gap_is_chosen_or_never_one():
    found = set()
    for message in constants().values():
        parts = [(text, name, spec) for text, name, spec, _ in string.Formatter().parse(message.en)]
        for (_, name, spec), (text, _, _) in itertools.pairwise(parts):
            if name and "|" not in (spec or "") and (noun := re.match(rf" (?:{NOUNS}|megapixels)\b", text)):
                found.add(f"{message.code}:{noun[0]}")
    assert found - NEVER_ONE == set()


@pytest.mark.parametrize(
    ("count", "sentence"),
    [(1, "1 image has"), (2, "2 images have"), (0, "0 images have"), (1200, "1,200 images have")],
)
def test_a_plural_is_chosen_by_its_number(count, sentence):
    assert filled("{n:# image has|# images have}", {"n": count}) == sentence
    assert filled("{n:is|are}", {"n": count}) == ("is" if count == 1 else "are")


def test_a_long_list_of_names_is_cut():
    assert listed(["a", "b", "c"], 2).en == "a, b and 1 more" and listed(["a"]).ja == "a"
