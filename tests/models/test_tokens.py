"""The vocabulary that comes with the program."""

import subprocess
import sys

import pytest

from core.families import FAMILIES
from core.models import tokens
from core.models.sd.text import tokenizer
from tests.tiny import modules

PART = FAMILIES["sd1"].part("text_encoder")

TEXTS = [
    "a red circle on a blue background",
    "A  Café!! it's 123 日本 ",
    "sls frog, red background",
    "don't we'll I'd ½ Ⅳ ²³ ١٢٣",
    "🐸 frog 👨‍👩‍👧 e\u0301 É ﬁ",
    "(masterpiece:1.2), [best_quality] --w 512",
    "カエルの写真、背景は青。",
    "<|startoftext|> x <|endoftext|>",
    "",
]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return tokenizer(PART, tmp_path_factory.mktemp("none"), modules()["text_encoder"])


@pytest.mark.parametrize("text", TEXTS)
def test_token_ids_are_those_of_transformers(clip, text):
    assert tokens.encode(text) == clip(text, add_special_tokens=False).input_ids


def test_a_known_caption_has_openai_clips_ids():
    assert tokens.encode("a red circle on a blue background") == [320, 736, 7117, 525, 320, 1746, 5994]


@pytest.mark.parametrize(("word", "token"), [("sks", 48136), ("ohwx", 47993), ("frog", 11438)])
def test_rare_words_are_one_token(word, token):
    assert tokens.encode(word) == [token]


def test_counting_does_not_count_the_marks():
    assert tokens.count_tokens("sls frog") == 2 and tokens.count_tokens("") == 0


def test_a_long_made_up_word_is_many_tokens():
    assert tokens.count_tokens("xqzwvkj") > 2 and "".join(tokens.pieces("xqzwvkj")) == "xqzwvkj"


def test_counting_needs_neither_torch_nor_transformers():
    program = "import sys; from core.models.tokens import count_tokens; count_tokens('frog'); " \
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.parametrize(("pad", "token_id"), [("<|endoftext|>", 49407), ("!", 0)])
def test_transformers_reads_the_tokenizer_folder(tmp_path, pad, token_id):
    from transformers import CLIPTokenizer

    for name, content in tokens.files(pad).items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    read = CLIPTokenizer.from_pretrained(tmp_path, local_files_only=True)
    assert (read.pad_token_id, read.model_max_length) == (token_id, 77)
    # Where "!" is the padding, transformers gives it that id inside captions too.
    for text in (text for text in TEXTS if "!" not in text):
        assert read(text, add_special_tokens=False).input_ids == tokens.encode(text)
