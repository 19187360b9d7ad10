"""A word that is taught: vectors of its own in the table of every text encoder (textual inversion).

Source: Gal et al. 2022, arXiv:2208.01618. The tables themselves are never touched: the vectors are parameters
of their own, in float32, and take the place of the table where a text has their tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from core.adapters.targets import WeightKey
from core.config.schema.embedding import EmbeddingConfig
from core.errors import UserError
from core.formats import embedding_file, tensors
from core.formats.identify import damaged
from core.models import embedding_precheck
from core.models.family import Family, Model
from core.models.messages import EMBEDDING_COUNTS, EMBEDDING_SHAPE
from core.train.seeds import generator
from core.train.weights.optimizer import ParameterGroup

GROUP = "embedding"
"""What the group of a text encoder's vectors is called, behind the encoder: "text_encoder/embedding"."""

_PARAMETER = "learned"
_SAME = 1e-6
"""A length off by less is as it should be: so a step that was left out changes no bit."""


class LearnedWord:
    """The vectors of a word in a model. lengths: text encoder -> mean length of its table's vectors."""

    def __init__(self, family: Family, model: Model, word: str, vectors: Mapping[str, Tensor]) -> None:
        """vectors: text encoder -> (n, width). From now on the model reads the word."""
        self.word, self.is_learning = word, True
        self.count = len(next(iter(vectors.values())))
        self.vectors: dict[str, nn.Parameter] = {}
        self.lengths: dict[str, Tensor] = {}
        self._paths: dict[str, str] = {}
        for part, first in family.teach(model, word, self.count).items():
            table = table_of(model.modules[part])
            own = nn.Parameter(vectors[part].to(table.weight.device, torch.float32, copy=True))
            table.register_parameter(_PARAMETER, own)  # so that it goes where the text encoder goes
            _read_through(table, own, first)
            self.vectors[part], self.lengths[part] = own, mean_length(table)
            self._paths[part] = next(n for n, m in model.modules[part].named_modules() if m is table)

    def forget(self, family: Family, model: Model) -> None:
        """The model reads the word no more."""
        family.teach(model, "", 0)
        for part in self.vectors:
            table = table_of(model.modules[part])
            del table.forward, table._parameters[_PARAMETER]

    def groups(self, rate: float) -> Iterator[ParameterGroup]:
        """A group for each text encoder."""
        for part, vectors in self.vectors.items():
            name = str(WeightKey(part, self._paths[part], _PARAMETER))
            yield ParameterGroup(f"{part}/{GROUP}", rate, {name: vectors})

    def keep_lengths(self) -> None:
        """Scale each vector to the mean length of the table; no host waits for a device."""
        with torch.no_grad():
            for part, vectors in self.vectors.items():
                # Copied the first time only: a copy to the device is waited for.
                length = self.lengths[part] = self.lengths[part].to(vectors.device)
                factor = length / _lengths(vectors)
                vectors.mul_(torch.where((factor - 1).abs() < _SAME, 1.0, factor))


def is_of_word(group: ParameterGroup) -> bool:
    """Whether a group holds a word's vectors."""
    return group.name == f"{group.part}/{GROUP}"


def table_of(module: nn.Module) -> nn.Embedding:
    """The table of a text encoder, a vector for each token."""
    table = module.get_input_embeddings()  # type: ignore[operator]  # every text encoder of transformers has it
    assert isinstance(table, nn.Embedding)
    return table


def mean_length(table: nn.Embedding) -> Tensor:
    """Mean length of a table's vectors, 0-dim; those that are zero, which fill a table up, do not count."""
    lengths = _lengths(table.weight.detach())
    return lengths.sum() / (lengths > 0).sum()


def started(family: Family, model: Model, config: EmbeddingConfig, seed: int) -> dict[str, Tensor]:
    """What the vectors of a run start from: text encoder -> (n, width). Raises UserError."""
    count, tables = config.num_vectors_per_token, _tables(model)
    if config.weights:
        return from_file(model, Path(config.weights), "embedding.weights")
    if config.init_word:
        tokens = family.tokens_of(config.init_word)
        return {part: shared_out(table.weight.detach()[tokens], count) for part, table in tables.items()}
    found = {}
    for part, table in tables.items():
        drawn = torch.randn(count, table.embedding_dim, generator=generator(seed, GROUP, part))
        found[part] = drawn / _lengths(drawn) * mean_length(table).cpu()
    return found


def from_file(model: Model, path: Path, key: str = "") -> dict[str, Tensor]:
    """The vectors in a file, which is an embedding: text encoder -> (n, width). Raises UserError."""
    own = {part.embedding: part.name for part in model.spec.parts if part.embedding}
    refused = [*embedding_precheck.problems(path, model.spec, key)]
    if refused:
        raise UserError(*refused)
    found = {own[name]: vectors for name, vectors in embedding_file.read(path, [*own]).items()}
    counts = [len(vectors) for vectors in found.values()]
    if len({*counts}) != 1 or not counts[0]:  # a token without a vector would be read past the table's end
        raise UserError(EMBEDDING_COUNTS(key=key, path=path, counts=", ".join(map(str, counts))))
    for part, vectors in found.items():
        wanted = table_of(model.modules[part]).embedding_dim
        if vectors.shape[1] != wanted:
            raise UserError(
                EMBEDDING_SHAPE(key=key, path=path, part=part, found=vectors.shape[1], wanted=wanted)
            )
        if not tensors.is_finite(vectors):
            raise damaged(path, next(p.embedding for p in model.spec.parts if p.name == part))
    return found


def shared_out(vectors: Tensor, count: int) -> Tensor:
    """The vectors of a known text (m, width) -> (count, width).

    Fewer are repeated in turn; more are averaged over `count` runs of about the same length.
    """
    if len(vectors) <= count:
        return vectors[torch.arange(count) % len(vectors)].clone()
    return torch.stack([run.mean(dim=0) for run in vectors.tensor_split(count)])


def _tables(model: Model) -> dict[str, nn.Embedding]:
    return {part: table_of(model.modules[part]) for part in model.spec.names("text")}


def _lengths(vectors: Tensor) -> Tensor:
    """(n, 1)."""
    lengths: Tensor = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    return lengths


def _read_through(table: nn.Embedding, own: nn.Parameter, first: int) -> None:
    """Let a table give `own` for the tokens first, first + 1, ..., whether it has rows for them or not."""

    def forward(ids: Tensor) -> Tensor:
        number = ids - first
        is_own = (number >= 0) & (number < len(own))
        known = nn.functional.embedding(torch.where(is_own, 0, ids), table.weight)
        taught = nn.functional.embedding(number.clamp(0, len(own) - 1), own)
        return torch.where(is_own[..., None], taught.to(known.dtype), known)

    table.forward = forward  # type: ignore[method-assign, assignment]
