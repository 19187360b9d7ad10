"""A tool is its file and its line in the table: the command line comes from the declarations."""

import io

import pytest

from core.cli import main
from core.tools.command_line import Parser
from core.tools.table import TOOLS
from tests.tools import toy


@pytest.fixture
def out(monkeypatch):
    monkeypatch.setitem(TOOLS, "toy", toy.TOOL)
    out = io.StringIO()
    monkeypatch.setattr("core.console.take_over", lambda log: out)
    return out


def test_a_new_tool_is_on_the_command_line(tmp_path, out):
    words = [str(tmp_path / "a"), "--word", "newt", "--times", "3", "--upper"]
    assert main(["tools", "--lang", "en", "toy", *words]) == 0
    assert (tmp_path / "a").read_text() == "NEWTNEWTNEWT"
    assert out.getvalue().splitlines()[-1] == "3 written"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a", "--times", "0"], "times: must be at least 1, not 0."),
        (["a", "--times", "x"], "--times must be a whole number, not x."),
        ([], "these arguments are missing: out."),
    ],
)
def test_its_wrong_settings_are_refused(out, words, said):
    assert main(["tools", "--lang", "en", "toy", *words]) == 2
    assert said in out.getvalue()


def test_every_tool_says_what_it_is_in_both_languages():
    for tool in TOOLS.values():
        texts = [tool.words, *(words for o in tool.options for words in (o.meta.label, o.meta.help))]
        if tool.card is not None:
            texts += [tool.card.lead, tool.card.button]
            named = {tool.card.output, *tool.card.left_out, *tool.card.takes, *tool.card.values} - {""}
            assert named <= {o.name for o in tool.options}
        assert all(words.en and words.ja for words in texts)


def test_every_tool_has_its_help_in_the_console(out):
    for tool in TOOLS.values():
        Parser(tool, out, "ja").print_help()
        assert f"tools {tool.name}" in out.getvalue()


def test_a_switch_that_is_on_by_itself_can_be_switched_off(out):
    words = ["m.safetensors", "--repo", "me/x", "--no-private"]
    assert Parser(TOOLS["hub-upload"], out, "en").parse_args(words).private is False
