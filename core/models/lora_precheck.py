"""Checks a LoRA file by its header, before anything is loaded; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from core.catalog import Words
from core.config.schema.model import ModelConfig
from core.config.schema.network import NetworkConfig
from core.counting import joined
from core.errors import Problem, UserError
from core.families import FAMILIES
from core.formats import lora_alpha, lora_kinds
from core.formats.identify import Identity, identify
from core.formats.known_families import FAMILY_NAMES
from core.formats.weight_file import header_of
from core.models import hub, messages, refusals

_BEYOND: Mapping[str, Words] = {
    "bare": Words("a DoRA without its magnitudes", "大きさのベクトルがないDoRA"),
    "magnitudes": Words("LoHa, LoKr or OFT with magnitudes", "大きさのベクトルを持つLoHa・LoKr・OFT"),
    "inputs": Words("OFT of inputs (oft_R)", "入力側のOFT（oft_R）"),
    "rescale": Words("OFT with a rescale of outputs", "rescaleを持つOFT"),
    "numbered": Words("an early LoRA, which numbers its modules", "モジュールを番号で示す初期のLoRA"),
    "scalar": Words("a LoCon with trained scalars", "学習されたscalarを持つLoCon"),
    "bias": Words("a LoRA with biases", "バイアスを持つLoRA"),
    "embeddings": Words("a LoRA with embeddings", "embeddingを持つLoRA"),
    "fp8": Words("a LoRA in scaled fp8", "スケール付きfp8のLoRA"),
}
"""The `variant` of a LoRA that is more than one -> what to call it; several are joined by a plus."""


def named(network: NetworkConfig) -> Iterator[tuple[str, str]]:
    """Option and path of every LoRA file that a run starts from."""
    if not network.is_adapter:
        return
    if network.weights:
        yield "network.weights", network.weights
    for path in network.base_weights:
        yield "network.base_weights", path


def of_run(network: NetworkConfig, model: ModelConfig) -> tuple[Problem, ...]:
    """Everything wrong with the LoRA files of a run file; nothing is fetched to find it out."""
    files = [(key, Path(path)) for key, path in named(network)]
    base = _base_of(model) if files else Identity()
    found = [problem for key, path in files for problem in problems(path, key, base.family)]
    predicted = base.prediction if model.prediction == "auto" else model.prediction
    for key, path in () if found else files:
        own = identify(path).prediction
        if own and predicted and own != predicted:
            found.append(messages.LORA_PREDICTION(key=key, path=path, own=own, predicted=predicted))
    return tuple(found)


def problems(path: Path, key: str = "", family: str = "") -> tuple[Problem, ...]:
    """What hinders a file from being used as a LoRA. family: of the base model, "" when not known."""
    found = identify(path)
    if found.problems:
        return tuple(replace(problem, key=key) for problem in found.problems)
    if found.kind not in ("lora", "lycoris"):
        return (replace(refusals.wrong_kind(path, found, key or "network.weights"), key=key),)
    try:
        header = header_of(path)
        unreadable = lora_kinds.unreadable(header.places)
        if unreadable:
            return (_other_kind(path, found, unreadable, key),)
        settings = lora_alpha.peft_settings(path, header.places, header.metadata) or {}
        if any(part.is_dora for part in settings.values()) and "DoRA" not in lora_kinds.beyond(header.places):
            return (_other_kind(path, found, {"bare": "use_dora"}, key),)
    except UserError as refused:
        return tuple(replace(problem, key=key) for problem in refused.problems)
    if found.family and found.family not in FAMILIES:
        return (_other_family(path, found.family, "", key),)
    if found.family and family and found.family != family:
        return (_other_family(path, found.family, family, key),)
    return ()


def _base_of(model: ModelConfig) -> Identity:
    """What the base model on this machine is; nothing of one that can't be looked at yet."""
    try:
        base = hub.here(model.base)
    except UserError:
        return Identity()
    return Identity() if base is None else identify(base)


def _other_kind(path: Path, found: Identity, kinds: Mapping[str, str], key: str) -> Problem:
    """kinds: each kind that can't be read, and what shows it in the file."""
    kind = joined([_BEYOND.get(name, Words(name, name)) for name in kinds], " and ")
    if found.kind == "lycoris":
        kind = Words(f"a LyCORIS adapter ({kind.en})", f"LyCORIS（{kind.ja}）", f"LyCORIS（{kind.of('zh')}）")
    return messages.LORA_KIND(key=key, path=path, kind=kind, tensors=", ".join(kinds.values()))


def _other_family(path: Path, family: str, wanted: str, key: str) -> Problem:
    name = FAMILY_NAMES.get(family, family)
    if wanted:
        return messages.LORA_FAMILY(key=key, path=path, family=name, base=FAMILY_NAMES[wanted])
    known = " / ".join(FAMILY_NAMES[each] for each in FAMILIES)
    return messages.LORA_UNSUPPORTED_FAMILY(key=key, path=path, family=name, known=known)
