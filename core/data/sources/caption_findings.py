"""What a survey may find about captions, as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.counting import counted, of_all
from core.data.sources.findings import NAMED, listed
from core.data.sources.folders import Folder
from core.errors import Problem, plain_problem


def no_words(folder: Folder, without: Sequence[Path]) -> Problem:
    """A folder `20_` whose pictures lack captions."""
    names = listed([path.name for path in without])
    return plain_problem(
        "E-DIR-NAME",
        f"the folder `{folder.path.name}` has no words after its number, and no caption for: {names.en}. "
        "Add the words, as in `20_sls frog`, or the captions.",
        f"フォルダ「{folder.path.name}」の数字の後に単語がなく、次の画像にはキャプションもありません：{names.ja}。"
        "「20_sls frog」のように単語を付けるか、キャプションを用意してください。",
        path=str(folder.path),
    )


def no_words_of_subset(folder: Folder, without: Sequence[Path]) -> Problem:
    """A subset without class_tokens whose pictures lack captions."""
    names = listed([path.name for path in without])
    return plain_problem(
        "W-CAP-NOWORDS",
        f"the subset `{folder.path}` has no class_tokens, and these pictures no caption, so they are trained "
        f"with an empty one: {names.en}.",
        f"subset「{folder.path}」にclass_tokensがなく、次の画像にはキャプションもないため、"
        f"空のキャプションで学習します：{names.ja}。",
        path=str(folder.path),
    )


def stand_ins(folder: Folder, paths: Sequence[Path], extension: str) -> Problem:
    """Captions taken from .txt in place of the configured kind."""
    names, count = listed([path.name for path in paths], 5), len(paths)
    return plain_problem(
        "I-CAP-TXT",
        f"`{folder.path.name}`: {counted(count, 'caption comes', 'captions come')} from .txt, as there is no "
        f"{extension}: {names.en}.",
        f"「{folder.path.name}」：{extension}がないため、{count}個のキャプションを.txtから読みます：{names.ja}。",
        path=str(folder.path),
    )


def shared_caption(path: Path) -> Problem:
    """`a.png` and `a.jpg` with one `a.caption`."""
    return plain_problem(
        "W-CAP-SHARED",
        f"the caption file `{path.name}` serves several pictures of the same name.",
        f"キャプションファイル「{path.name}」を、同じ名前の複数の画像に使用します。",
        path=str(path),
    )


def orphan(path: Path) -> Problem:
    """A caption file without a picture."""
    return plain_problem(
        "W-CAP-ORPHAN",
        f"the caption file `{path.name}` has no picture of its name.",
        f"キャプションファイル「{path.name}」に対応する画像がありません。",
        path=str(path),
    )


def folder_words_used(without: int, all_: int) -> Problem:
    """How many pictures fall back to the words of their folder."""
    return plain_problem(
        "I-CAP-NONE",
        f"{of_all(without, all_, 'picture', 'has', 'have')} no caption file; the folder's words are used.",
        f"画像{all_}枚のうち{without}枚はキャプションファイルがないため、フォルダ名の単語を使用します。",
    )


def long_captions(counts: Mapping[Path, int], limit: int, all_: int) -> Problem:
    """Captions longer than the model takes, out of all. counts: tokens by picture."""
    worst = sorted(counts, key=lambda path: -counts[path])
    if len(worst) == 1:
        path, tokens = worst[0], counts[worst[0]]
        return plain_problem(
            "W-CAP-LONG",
            f"the caption of `{path.name}` has {tokens:,} tokens; those after {limit} are cut off.",
            f"「{path.name}」のキャプションは{tokens:,}トークンあり、{limit}トークンより後は切り捨てられます。",
            path=str(path),
        )
    names = listed([f"{path.name} ({counts[path]:,})" for path in worst], NAMED)
    return plain_problem(
        "W-CAP-LONG",
        f"{of_all(len(worst), all_, 'caption', 'has', 'have')} more than {limit} tokens; those after "
        f"{limit} are cut off: {names.en}.",
        f"キャプション{all_}個のうち{len(worst)}個は{limit}トークンを超え、それより後は切り捨てられます："
        f"{names.ja}。",
    )


def missing_word(folder: Folder, word: str, lacking: Sequence[Path], all_: int) -> Problem:
    """Some captions without the identifier of their folder's name."""
    names, name = listed([path.name for path in lacking], NAMED), folder.path.name
    return plain_problem(
        "I-CAP-IDENTIFIER",
        f"the word `{word}` of the folder `{name}` is missing in {len(lacking)} of "
        f"{counted(all_, 'caption')}: {names.en}. These do not teach it.",
        f"フォルダ「{name}」の単語「{word}」が、キャプション{all_}個のうち{len(lacking)}個にありません：{names.ja}。"
        "これらの画像からは学習されません。",
        path=str(folder.path),
    )


def other_words(folder: Folder, word: str, all_: int, instead: str, is_sure: bool) -> Problem:
    """No caption has the identifier of the folder's name.

    instead: the first word of them all, "" where they differ. is_sure: they have the class.
    """
    name = folder.path.name
    en, ja = (f"; they begin with `{instead}`", f"（先頭は「{instead}」）") if instead else ("", "")
    return plain_problem(
        f"{'W' if is_sure else 'I'}-CAP-IDENTIFIER",
        f"the word `{word}` of the folder `{name}` stands in none of its {counted(all_, 'caption')}{en}. "
        f"Captions are trained in place of the folder's words, so `{word}` will mean nothing to the model. "
        "Rename the folder, or add the word to the captions.",
        f"フォルダ「{name}」の単語「{word}」が、キャプション{all_}個のどれにもありません{ja}。"
        f"キャプションがあるとフォルダ名の単語は使われないため、「{word}」は学習されません。"
        "フォルダ名を変えるか、キャプションに単語を加えてください。",
        path=str(folder.path),
    )
