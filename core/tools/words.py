"""Taught words of images that are generated: of embedding files, and of adapters that one lies beside.

No torch until a word is put into a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.imports.lora_metadata import trained_word
from core.config.output_names import EMBEDDING
from core.errors import Problem, UserError
from core.families import FAMILIES
from core.formats.identify import identify
from core.formats.weight_file import header_of
from core.models import embedding_precheck, lora_precheck
from core.runs import owned_files
from core.tools.messages import WORDS_SEVERAL
from core.tools.try_settings import TaughtWord

if TYPE_CHECKING:
    from core.models.family import Family, Model
    from core.train.weights.learned_word import LearnedWord


def problems(path: Path, family: str = "") -> tuple[Problem, ...]:
    """What hinders a file from being used as an adapter or an embedding. family: of the base model, or ""."""
    if is_embedding(path):
        return tuple(embedding_precheck.problems(path, FAMILIES.get(family)))
    return lora_precheck.problems(path, family=family)


def is_embedding(path: Path) -> bool:
    """Whether a file holds the vectors of a word."""
    return identify(path).kind == "embedding"


def of_file(path: Path) -> tuple[Path, ...]:
    """The file with the word that comes with an embedding or an adapter; none with most adapters."""
    if is_embedding(path):
        return (path,)
    return tuple(one for one in owned_files.companions(path) if one.name.endswith(EMBEDDING))


def named(path: Path) -> str:
    """What the word of a file is called: as it was taught here, else as the file, as other programs do."""
    word = trained_word(header_of(path).metadata)
    return word or path.name.removesuffix(EMBEDDING).removesuffix(path.suffix)


def of_files(files: Sequence[Path], known: TaughtWord | None = None) -> TaughtWord | None:
    """The one word of these files. known: of a file whose word need not be told by itself.

    Raises UserError for several words.
    """
    texts = {known.path: known.text} if known is not None else {}
    found = dict.fromkeys([*texts, *(word for path in files for word in of_file(path))])
    if len(found) > 1:
        raise UserError(WORDS_SEVERAL(names=", ".join(path.name for path in found)))
    return next((TaughtWord(texts.get(path) or named(path), path) for path in found), None)


def put(
    family: Family, model: Model, word: TaughtWord | None, before: LearnedWord | None
) -> LearnedWord | None:
    """Have the model read this word, and no other. Raises UserError; then it reads the one before."""
    from core.train.weights import learned_word

    vectors = learned_word.from_file(model, word.path) if word is not None else {}
    if before is not None:
        before.forget(family, model)
    return None if word is None else learned_word.LearnedWord(family, model, word.text, vectors)
