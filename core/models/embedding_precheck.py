"""Checks the word of a run, and an embedding file by its header, before anything is loaded; no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from core.config.base_family import of
from core.config.schema.run import RunConfig
from core.errors import Problem, UserError
from core.families import FAMILIES, FamilySpec
from core.formats import embedding_file
from core.formats.identify import identify
from core.formats.known_families import FAMILY_NAMES
from core.formats.weight_file import header_of
from core.models import messages, refusals, tokens

KEY = "embedding.weights"


def of_run(config: RunConfig) -> Iterator[Problem]:
    """Everything wrong with the word of a run file; nothing is fetched to find it out."""
    own = config.embedding
    if not config.teaches_word:
        return
    if len(tokens.encode(own.token_string)) == 1:
        yield messages.KNOWN_WORD(word=own.token_string, other=f"{own.token_string}-x")
    if own.weights:
        yield from problems(Path(own.weights), of(config.model.base, config.model.family), KEY)
        yield from _vectors(Path(own.weights), own.num_vectors_per_token)


def problems(path: Path, family: FamilySpec | None, key: str = "") -> Iterator[Problem]:
    """What hinders a file from being used as an embedding. family: of the base model, None: not known."""
    found = identify(path)
    if found.problems:
        yield from (replace(problem, key=key) for problem in found.problems)
    elif found.kind != "embedding":
        yield replace(refusals.wrong_kind(path, found, KEY), key=key)
    elif family is not None:
        yield from _of_family(path, found.family, family, key)


def _of_family(path: Path, own: str, family: FamilySpec, key: str) -> Iterator[Problem]:
    base = family.marks.name
    # Those of SDXL's first encoder alone are as wide as SD1's, so widths do not tell a family from another
    # that has encoders in common.
    if own and own != family.name:
        yield messages.EMBEDDING_FAMILY(key=key, path=path, family=FAMILY_NAMES[own], base=base)
        return
    keys = keys_of(family)
    missing = [k for k in keys if k not in embedding_file.names_of(header_of(path).tensors, keys)]
    if missing:
        listed, wanted = ", ".join(missing), ", ".join(keys)
        yield messages.EMBEDDING_PARTS(key=key, path=path, missing=listed, wanted=wanted, base=base)


def keys_of(family: FamilySpec) -> list[str]:
    """What embedding files call the vectors of each text encoder of a family."""
    return [part.embedding for part in family.parts if part.embedding]


def _vectors(path: Path, wanted: int) -> Iterator[Problem]:
    try:
        header = header_of(path)
    except UserError:
        return  # said already
    named = next(
        (n for f in FAMILIES.values() if (n := embedding_file.names_of(header.tensors, keys_of(f)))), {}
    )
    found = embedding_file.count(header.tensors, named.values())
    if found and found != wanted:
        yield messages.EMBEDDING_VECTORS(key=KEY, path=path, found=found, wanted=wanted)
