"""Adapter files for the tools: read by module without a model at hand, written in the names they had."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from core.adapters import network
from core.adapters.methods import METHODS, Adapted
from core.adapters.targets import ModuleKey
from core.catalog import METHODS as CALLED
from core.catalog import Words
from core.config.schema.model import ModelConfig
from core.errors import UserError
from core.families import FAMILIES, FamilySpec
from core.formats import atomic_write, lora_file, metadata, partial_files, peft_file, tensors
from core.formats.identify import identify
from core.formats.known_families import FAMILY_NAMES
from core.formats.lora_alpha import METADATA_KEY
from core.formats.lora_file import LoraFile
from core.formats.store import Store
from core.formats.weight_file import WeightFile
from core.models import lora_precheck
from core.models.family import Model, open_family
from core.models.headers import store_of
from core.models.refusals import wrong_kind
from core.runs.result_names import LINEAGE
from core.tools import messages
from core.train.outputs.model_file import VALIDATION
from core.train.weights import lora_files

SUFFIX = ".safetensors"
_OF_THE_FILE = frozenset({METADATA_KEY, LINEAGE, VALIDATION, "format"})
"""Metadata of one very file, which another one made from it does not take over, as it does not its hashes."""


@dataclass(frozen=True)
class Adapter:
    """An adapter in memory. model: has its modules, without weights. is_peft: how its tensors are named.

    aside: tensors that change nothing in the model, such as embeddings bundled with it.
    """

    path: Path
    model: Model
    modules: Mapping[ModuleKey, Adapted]
    aside: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    is_peft: bool

    @property
    def spec(self) -> FamilySpec:
        return self.model.spec

    @property
    def dtype(self) -> torch.dtype:
        """That most of its matrices have."""
        found = Counter(t.dtype for module in self.modules.values() for t in module.tensors.values())
        return found.most_common(1)[0][0]

    def name(self, key: ModuleKey) -> str:
        """What a module is called in files and messages, lora_unet_mid_block_attentions_0_proj_in."""
        return lora_file.file_name(self.spec.part(key.part), key.path)

    def shape(self, key: ModuleKey, base: Base | None = None) -> tuple[int, ...]:
        """The shape of the weight that a module's adapter is for. base: needed for OFT, with no inputs."""
        if base is not None:
            return base.shapes(key.part)[f"{key.path}.weight"]
        module = self.modules[key]
        if "lora_up.weight" in module.tensors:
            return (module.tensors["lora_up.weight"].shape[0], *module.tensors["lora_down.weight"].shape[1:])
        weight = self.model.modules[key.part].get_submodule(key.path).weight
        assert isinstance(weight, Tensor)
        kernel = weight.shape[2:]
        held = {name: tensor.to("meta") for name, tensor in module.tensors.items()}
        rows, columns = module.method.change(module._replace(tensors=held), weight).shape
        return (rows, columns // kernel.numel(), *kernel)


class Base:
    """A base model whose weights are read one at a time, for methods whose change depends on them."""

    def __init__(self, path: Path, family: str, option: str = "base") -> None:
        """Raises UserError when it is no model of this family. option: that named it."""
        found = identify(path)
        if found.problems:
            raise UserError(*(replace(problem, key=option) for problem in found.problems))
        if found.kind != "model" or found.family not in FAMILIES:
            raise UserError(wrong_kind(path, found, option, "model.base"))
        if family and found.family != family:
            own, wanted = FAMILY_NAMES[found.family], FAMILY_NAMES[family]
            raise UserError(messages.BASE_FAMILY(path=path, key=option, own=own, wanted=wanted))
        self.path, self.family, self.identity = path, found.family, found
        self._store: Store = store_of(path, found.family)
        self._shapes: dict[str, Mapping[str, tuple[int, ...]]] = {}

    @property
    def prediction(self) -> str:
        """What the model predicts; where its file does not say it, found by trying."""
        known = self.identity.prediction or FAMILIES[self.family].usual_prediction
        if known:
            return known
        opened = open_family(self.family).open(ModelConfig(base=str(self.path)), lambda event: None)
        return opened.objective.name

    def shapes(self, part: str) -> Mapping[str, tuple[int, ...]]:
        """Name in the module -> shape."""
        if part not in self._shapes:
            self._shapes[part] = self._store.shapes(part)
        return self._shapes[part]

    def weight(self, key: ModuleKey) -> Tensor:
        """The weight of a module that there is, float32."""
        return self._store.read(key.part, f"{key.path}.weight").float()

    def refuse_misfits(self, adapter: Adapter, option: str) -> None:
        """Raises UserError for modules of an adapter that the model lacks or has in another size."""
        shapes = {part.name: self.shapes(part.name) for part in adapter.spec.adaptable}
        misfits = []
        for key, module in adapter.modules.items():
            shape = shapes[key.part].get(f"{key.path}.weight")
            if shape is None or not network.suits(torch.empty(shape, device="meta"), module):
                misfits.append(adapter.name(key))
        lora_files.refuse_strangers(adapter.path, LoraFile({**adapter.modules}, [], []), misfits, option)


def read(path: Path, option: str = "", family: str = "") -> Adapter:
    """An adapter from its file. option: that named it. family: what it is to be for, "" for any.

    Raises UserError when it can't be read, or is for an unknown model or another one than `family`.
    """
    refused = lora_precheck.problems(path, option, family)
    if refused:
        raise UserError(*refused)
    found = identify(path)
    name = found.family or family
    if name not in FAMILIES:
        raise UserError(messages.ADAPTER_FAMILY(path=path, key=option))
    model = open_family(name).every_module(name)
    held = lora_files.named(path, model, option)
    lora_files.refuse_strangers(path, held, [], option)
    file = WeightFile(path)
    aside = {each: file.read(each) for each in held.aside}
    return Adapter(path, model, held.modules, aside, file.metadata, found.format == "peft")


def place(target: str) -> Path:
    """Where a new adapter file is written. Raises UserError when that is no name, or something is there."""
    path = Path(target)
    if not path.name:
        raise UserError(messages.CONVERT_NAME(path=target))
    found = tensors.with_suffix(path, SUFFIX)
    atomic_write.refuse_existing(found)
    return found


def model_place(model: Path, target: str) -> Path:
    """Where a model in the format of another is written. Raises UserError as `place`."""
    path = Path(target)
    if not path.name:
        raise UserError(messages.CONVERT_NAME(path=target))
    suffix = SUFFIX if model.suffix.lower() == SUFFIX else ".ckpt"
    found = path if model.is_dir() else tensors.with_suffix(path, suffix)
    atomic_write.refuse_existing(found)
    partial_files.sweep(found.parent, lambda name: name == found.name)
    return found


def write(path: Path, adapter: Adapter, precision: str = "auto") -> Path:
    """Write an adapter; returns where it lies, with a number where something came to be there meanwhile.

    precision: a key of tensors.PRECISIONS.

    Raises NumericFault when a number is not finite in that precision, ResourceFault when the disk is full.
    """
    dtype = tensors.PRECISIONS[precision]
    texts = dict(adapter.metadata)
    if adapter.is_peft:
        made, told = peft_file.to_file(adapter.modules, adapter.spec, dtype)
        texts |= told
    else:
        names = open_family(adapter.spec.name).lora_file_names(adapter.model)
        modules = {key: _in_kohyas_form(module) for key, module in adapter.modules.items()}
        made = lora_file.to_file(modules, adapter.spec, dtype, names)
    made |= adapter.aside
    texts |= lora_file.hashes(made, texts)
    partial_files.sweep(path.parent, lambda name: name == path.name)
    return tensors.save(path, made, texts, is_new=True)


def _in_kohyas_form(module: Adapted) -> Adapted:
    """DoRA's magnitudes with as many sides as the weight; other programs' files may have fewer."""
    found = module.tensors.get("dora_scale")
    sides = module.tensors["lora_down.weight"].ndim if found is not None else 0
    if found is None or found.ndim == sides:
        return module
    shaped = found.reshape(*found.shape[:2], *(1 for _ in range(sides - 2)))
    return module._replace(tensors={**module.tensors, "dora_scale": shaped})


def retyped(adapter: Adapter, dtype: torch.dtype) -> Adapter:
    """The same with all numbers in this type."""
    modules = {
        key: module._replace(tensors={n: t.to(dtype) for n, t in module.tensors.items()})
        for key, module in adapter.modules.items()
    }
    return replace(adapter, modules=modules)


def method_names(modules: Mapping[ModuleKey, Adapted]) -> list[str]:
    """The methods of an adapter's modules, most frequent first, as METHODS names them."""
    by_record = {id(method): name for name, method in METHODS.items()}
    counts = Counter(by_record[id(module.method)] for module in modules.values())
    return [name for name, _ in counts.most_common()]


def bent(modules: Mapping[ModuleKey, Adapted]) -> str:
    """The methods among them whose change depends on the base weight, "" for none."""
    return written(name for name in method_names(modules) if not METHODS[name].is_linear)


def written(methods: Iterable[str]) -> str:
    """Methods as people write them, "DoRA, OFT"."""
    return ", ".join(CALLED[name].en.partition(" ")[0] for name in methods)


def is_lora(module: Adapted) -> bool:
    return module.method is METHODS["lora"]


def carried(source: Adapter, modules: Mapping[ModuleKey, Adapted]) -> dict[str, str]:
    """What the metadata of an adapter made from one other says: that other's, with the new ranks."""
    is_changed = modules is not source.modules
    kept = metadata.carried(source.metadata, is_changed=is_changed)
    kept = {n: text for n, text in kept.items() if n not in _OF_THE_FILE}
    if not is_changed:
        return kept
    dated = {"modelspec.date": _now()} if "modelspec.date" in kept else {}
    return kept | dated | _sizes(modules)


def joined(sources: Sequence[Adapter], modules: Mapping[ModuleKey, Adapted], title: str) -> dict[str, str]:
    """The metadata of an adapter made from several: what all say of the model they are for."""
    first, *others = (metadata.minimum(source.metadata) for source in sources)
    kept = {n: text for n, text in first.items() if all(other.get(n) == text for other in others)}
    kept = metadata.carried(kept, is_changed=True)
    names = ", ".join(source.path.stem for source in sources)
    own = {"modelspec.title": title, "modelspec.date": _now(), "modelspec.merged_from": names}
    return kept | own | _sizes(modules)


def new(family: str, prediction: str, modules: Mapping[ModuleKey, Adapted], title: str) -> dict[str, str]:
    """The metadata of a LoRA that comes from no other, for a model of this family and prediction."""
    side = FAMILIES[family].titles[prediction].side
    spec = metadata.ModelSpec(family, prediction, True, title, (side, side), time.time())
    base = metadata.base_model_version(family, prediction)
    told = metadata.training({"base_model_version": base, "v2": base.startswith("sd_v2")})
    return metadata.modelspec(spec) | told | _sizes(modules)


def _sizes(modules: Mapping[ModuleKey, Adapted]) -> dict[str, str]:
    """Method, rank and alpha in sd-scripts' names; "Dynamic" where the ranks differ, as it says."""
    sizes = {(module.rank, module.alpha) for module in modules.values()}
    dim, alpha = next(iter(sizes)) if len(sizes) == 1 else ("Dynamic", "Dynamic")
    is_lora = method_names(modules) == ["lora"]
    told = {"network_module": "networks.lora" if is_lora else "lycoris.kohya"}
    convolutions = {m.rank for m in modules.values() if _is_convolution(m)}
    arguments = {"conv_dim": str(max(convolutions))} if convolutions and is_lora else {}
    return metadata.training({**told, "network_dim": dim, "network_alpha": alpha, "network_args": arguments})


def _is_convolution(module: Adapted) -> bool:
    return any(t.ndim > 2 and max(t.shape[2:]) > 1 for t in module.tensors.values())


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def saved(path: Path) -> Words:
    return Words(f"Saved: {path}", f"保存しました：{path}", f"已保存：{path}")


def same_family(adapters: Iterable[Adapter]) -> str:
    """The family that adapters are for. Raises UserError when they are for several."""
    first, *others = adapters
    for other in others:
        if other.spec.name != first.spec.name:
            own, wanted = FAMILY_NAMES[other.spec.name], FAMILY_NAMES[first.spec.name]
            raise UserError(messages.ADAPTER_OTHER(path=other.path, own=own, wanted=wanted))
    return first.spec.name
