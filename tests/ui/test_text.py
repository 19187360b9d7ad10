"""The words of the window: complete in both languages, every one of them used."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import ui
from core.config.check import check
from core.errors import ConfigError
from core.forecast.advice import Advice
from tests.test_architecture import sources
from ui.settings.forecast import _change
from ui.text import WORDS, say

FOLDER = Path(ui.__file__).parent
SOURCES = {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in FOLDER.rglob("*.py")}
CODE = "\n".join(text for name, text in SOURCES.items() if not name.startswith("text/"))
LATIN = {
    "captions.about",
    "tab.lora",
    *(
        "make.identifier",
        "make.class",
        "forecast.to",
        "rate.unet",
        "rate.text",
        "run.loss",
        "run.chart",
        *(f"head.method.{name}" for name in ("lora", "dora", "loha", "lokr", "oft", "embedding")),
        "presets.gb",
        "tab.is.family",
        "tab.is.hub",
        "queue.tool",
    ),
}


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_say_it_with_the_same_gaps(key):
    words = WORDS[key]
    assert words.en.strip() and words.ja.strip()
    assert gaps(words.en) == gaps(words.ja)
    if key not in LATIN:
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", words.ja), words.ja


def test_every_key_that_is_said_exists():
    said = set(re.findall(r'(?:say|_word|_said|titled)\(\s*"([a-z_.]+)"', CODE))
    said |= set(re.findall(r'(?:label|info|value|placeholder)="([a-z_]+\.[a-z_.]+)"', CODE))
    assert said and said <= set(WORDS), said - set(WORDS)


def asked():
    """Whether code asks for the words of a key, also for one that is put together from parts."""
    nodes = [node for _, _, tree in sources().values() for node in ast.walk(tree)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    texts -= set(WORDS) - set(re.findall(r"""["']([a-z_]+(?:\.[a-z_]+)+)["']""", CODE))
    made = {
        "".join(re.escape(v.value) if isinstance(v, ast.Constant) else "(.+)" for v in node.values)
        for node in nodes
        if isinstance(node, ast.JoinedStr)
    }
    patterns = [re.compile(one) for one in made if re.fullmatch(r"(?:[a-z_]|\\\.|\(\.\+\))+", one)]

    def is_asked(key):
        parts = (pattern.fullmatch(key) for pattern in patterns if "\\." in pattern.pattern)
        return key in texts or any(all(map(is_asked, match.groups())) for match in parts if match)

    return is_asked


def test_no_words_lie_unused():
    is_asked = asked()
    assert [key for key in WORDS if not is_asked(key)] == []


def test_no_label_is_written_into_the_code():
    literal = re.findall(r'\b(?:label|info|placeholder)="([^"]*[A-Z ][^"]*)"', CODE)
    assert literal == []


def test_gaps_are_filled():
    assert say("run.resume", "en", step=7) == "Resume from step 7"
    assert say("run.resume", "ja", step=7) == "ステップ7から再開"


def test_the_whole_page_changes_its_language(shared_app):
    japanese = shared_app.page.relabel("ja")
    english = shared_app.page.relabel("en")
    labelled = [block for block in japanese if japanese[block].get("label")]
    assert len(labelled) > len(shared_app.form.components)
    same = {japanese[b]["label"] for b in labelled if japanese[b]["label"] == english[b]["label"]}
    assert all(not re.search(r"[a-z]{4,} [a-z]{3,}", label) for label in same), same


def test_a_count_comes_with_its_noun():
    assert say("make.done", "en", n=1, folder="x") == "1 file copied to x"
    assert say("make.done", "en", n=1200, folder="x") == "1,200 files copied to x"
    assert say("make.left.count", "en", n=1) == "1 file is not used"
    assert say("make.left.count", "en", n=2) == "2 files are not used"
    assert say("make.undone", "en", n=2) == "2 copies removed."


def test_no_count_stands_before_a_noun_of_its_own():
    """`{n} files` would be "1 files"; `{n:#file}` is not."""
    count = r"\{(?:n|steps|epochs|images|total|many|per|reg|train|repeats|new|samples|files)[:,]*\}"
    found = [
        (key, found[0])
        for key in WORDS
        if (found := re.search(count + " (?:[a-z]+ ){0,2}[a-z]+s\\b", WORDS[key].en))
    ]
    # A rate, and a number with a decimal point.
    assert {key for key, _ in found} == {"run.per.second", "epochs.about"}


@pytest.mark.parametrize(
    ("key", "en", "ja"),
    [
        ("status.pausing", "Pausing", "一時停止処理中"),
        (
            "find.none",
            "No setting or tool is called “{text}”.",
            "「{text}」に該当する設定やツールはありません。",
        ),
        ("make.kind.reg", "Others of its class (regularization)", "同じクラスのほかの画像（正則化画像）"),
        ("make.kind", "Kind of images", "画像の種類"),
        ("make.apply", "Copy", "コピー"),
        ("make.class", "Class", "クラス（class）"),
        ("make.identifier", "Identifier", "識別語（identifier）"),
        ("runs.trash.no", "Keep", "残す"),
        ("runs.refresh", "Refresh", "一覧を更新"),
        ("runs.back", "Restore", "元に戻す"),
        ("run.prompts.draw", "Generate", "このプロンプトで生成"),
        ("run.chart.raw", "raw", "平滑化前"),
        ("run.chart.validation", "validation images", "検証用画像"),
        ("health.flat", "Images of one colour", "単色の画像"),
        (
            "forecast.not",
            "It will not fit: short by {short}.",
            "メモリが足りません（{short}不足する見込み）。",
        ),
        ("forecast.look", "What helps most: {change}", "{change}にするのが最も効果的です"),
        ("file.reset", "Reset to the demo", "デモの設定に戻す"),
    ],
)
def test_the_words_are_those_that_people_of_the_field_use(key, en, ja):
    assert WORDS[key][:2] == (en, ja)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "勾配チェックポインティングをオンにするのが最も効果的です"),
        (1, "バッチサイズを1にするのが最も効果的です"),
    ],
)
def test_what_helps_most_against_too_little_memory_is_a_sentence(value, said):
    key = "train.gradient_checkpointing" if value is True else "dataset.train_batch_size"
    change = _change(Advice(key, value, 0, True), "ja")
    assert say("forecast.look", "ja", change=change) == said


def test_a_name_is_quoted_as_all_else_is_in_japanese():
    with pytest.raises(ConfigError) as refused:
        check('format = 1\n[model]\nbase="m"\n[dataset]\ntrain_data_dir="t"\n[save]\noutput_name="a/b"\n')
    (told,) = [p.ja for p in refused.value.problems if p.key == "save.output_name"]
    assert told.startswith("「a/b」は")


def test_long_vowels_are_written_out_and_precisions_have_one_name():
    """フォルダー and スケジューラー, as Windows has them; float32, as the fields are called."""
    short = r"フォルダ(?!ー)|スケジューラ(?!ー)|32-bit float"
    assert [str(path) for path, text, _ in sources().values() if re.search(short, text)] == []
