"""What is trained: an adapter or the model's own weights, in groups with a learning rate each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import torch
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from core.adapters.lora import Dropouts
from core.adapters.methods import METHODS
from core.adapters.network import Network, targets_of
from core.adapters.ranks import group_of, options_of
from core.adapters.targets import Ranks, Target
from core.catalog import Role
from core.config.schema.network import NetworkConfig
from core.config.schema.run import RunConfig
from core.config.schema.train import TrainConfig
from core.errors import UserError
from core.families import FamilySpec, Part
from core.models.family import Model
from core.train.seeds import generator
from core.train.weights import messages
from core.train.weights.learned_word import LearnedWord, is_of_word
from core.train.weights.optimizer import ParameterGroup


class Trainee:
    """The trained parameters of a model. network: the adapter, None when there is none.

    word: the word that is taught, None when there is none. With neither the model itself is trained.

    groups: every group that was ever trained in this run, the denoiser's first. A group that has stopped
    stays here, since its weights belong to the result and to the training state.
    """

    def __init__(
        self,
        network: Network | None,
        groups: tuple[ParameterGroup, ...],
        model: Model,
        word: LearnedWord | None = None,
    ) -> None:
        self.network, self.groups, self._model, self.word = network, groups, model, word

    @property
    def names(self) -> tuple[str, ...]:
        """The trained parts of the model."""
        return tuple(dict.fromkeys(group.part for group in self.groups))

    def to(self, dtype: torch.dtype) -> None:
        """Hold the trained weights in this type, but the vectors of a word, which are few, in float32."""
        for group in self.groups:
            if is_of_word(group):
                continue
            for parameter in group.parameters.values():
                parameter.data = parameter.data.to(dtype)

    def tensors(self) -> dict[str, Tensor]:
        """Every trained weight by its name (WeightKey)."""
        return {
            name: parameter.detach() for group in self.groups for name, parameter in group.parameters.items()
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what tensors() gave, bit for bit."""
        with torch.no_grad():
            for name, parameter in self.tensors().items():
                parameter.copy_(tensors[name])

    def modules(self) -> Iterator[nn.Module]:
        """The parts that gradients flow through: the denoiser always, since text encoders are before it."""
        texts = self._model.spec.names("text")
        for part in (*self._model.spec.names("denoiser"), *(name for name in self.names if name in texts)):
            yield self._model.modules[part]

    def set_train_mode(self, is_text_trained: bool) -> None:
        """Dropout on where something learns."""
        for module in self._model.of("denoiser"):
            module.train()
        for module in self._model.of("text"):
            module.train(is_text_trained)


def rates(config: RunConfig) -> dict[Role, float]:
    """Learning rate of the parts of each role that are trained at all. Raises UserError when none is."""
    found = config.rates()
    if not found:
        raise UserError(messages.NOTHING())
    return found


def rates_of_parts(spec: FamilySpec, train: TrainConfig) -> dict[str, float]:
    """Learning rate of each part that is trained, the denoiser's first."""
    every = {name: train.rate_of(spec.part(name)) for name in spec.names("denoiser", "text")}
    return {name: rate for name, rate in every.items() if rate > 0}


def make(
    model: Model,
    network: NetworkConfig,
    ranks: Ranks,
    train: TrainConfig,
    seed: int,
) -> Trainee:
    """Attach the adapter, or open the model's own weights, in the parts that have a learning rate.

    Weights that nothing reads (Model.unused) stay as they are, and get an adapter only with
    network.unused_layers.
    With textual inversion there is nothing to open. Raises UserError when the ranks leave nothing to train.
    """
    if network.method == "embedding":
        return Trainee(None, (), model)
    wanted = rates_of_parts(model.spec, train)
    modules = {name: model.modules[name] for name in wanted}
    if network.method == "none":
        groups = tuple(
            group
            for name, module in modules.items()
            for group in _own_groups(module, model.spec.part(name), train, model.unused(name))
        )
        if not groups:
            raise UserError(messages.NO_BLOCK(key="train.block_lr"))
        return Trainee(None, groups, model)
    adapter = Network(
        modules,
        METHODS[network.method],
        targets_of(model.spec, modules, ranks) if network.unused_layers else _used(model, modules, ranks),
        lambda *purpose: generator(seed, *purpose),
        dropouts_of(network),
        options_of(network),
    )
    if not len(adapter):
        key = next(
            (name for name in ("exclude_patterns", "block_dims") if getattr(network, name)), "down_lr_weight"
        )
        key = f"network.{key}"
        raise UserError(messages.NO_BLOCK(key=key))
    return Trainee(adapter, tuple(_groups(adapter, model.spec, network, wanted)), model)


def _own_groups(
    module: nn.Module, part: Part, train: TrainConfig, unused: tuple[str, ...]
) -> Iterator[ParameterGroup]:
    """A part's own weights, opened; by block where train.block_lr has a rate for each, at 0 left closed.

    The groups are then called "unet/b04" as those of a LoRA are.
    """
    has_blocks = train.block_lr is not None and any(part.sides)
    members: dict[tuple[str, float], dict[str, nn.Parameter]] = {}
    for path, parameter in module.named_parameters():
        group = f"{part.name}/b{part.block_of(path):02d}" if has_blocks else part.name
        rate = train.rate_at(part, path)
        if rate > 0 and not path.startswith(unused):
            parameter.requires_grad_(True)
            members.setdefault((group, rate), {})[f"{part.name}/{path}"] = parameter
    for (group, rate), parameters in sorted(members.items()):
        yield ParameterGroup(group, rate, parameters)


def _used(model: Model, modules: Mapping[str, nn.Module], ranks: Ranks) -> dict[str, tuple[Target, ...]]:
    """What is to be adapted, less what nothing reads."""
    found = {}
    for part, chosen in targets_of(model.spec, modules, ranks).items():
        unused = model.unused(part)
        found[part] = tuple(target for target in chosen if not target.path.startswith(unused))
    return found


def _groups(
    adapter: Network, spec: FamilySpec, network: NetworkConfig, wanted: Mapping[str, float]
) -> Iterator[ParameterGroup]:
    """The adapter's weights by part, block and side as the options ask for different rates."""
    weights = adapter.parameters()
    for part, rate in wanted.items():
        members: dict[tuple[str, float], dict[str, nn.Parameter]] = {}
        for weight, parameter in weights.items():
            if weight.part == part:
                members.setdefault(group_of(weight, spec.part(part), network), {})[str(weight)] = parameter
        for (group, factor), parameters in sorted(members.items()):
            yield ParameterGroup(group, rate * factor, parameters)


def teach(learner: Trainee, word: LearnedWord, rate: float) -> None:
    """Train a word's vectors too, behind everything else."""
    learner.word = word
    learner.groups = (*learner.groups, *word.groups(rate))


def dropouts_of(network: NetworkConfig) -> Dropouts:
    """What is left out at random while a LoRA learns."""
    if not network.is_adapter:
        return Dropouts()
    return Dropouts(network.dropout, network.rank_dropout, network.module_dropout)


def enable_checkpointing(modules: Iterable[nn.Module], keeps_random: bool) -> None:
    """Recompute activations in the backward pass: less memory, the same result.

    keeps_random: whether something in the modules draws (dropout), so that the recomputation must draw the
    same.
    Source: Chen et al. 2016, arXiv:1604.06174.
    """
    for module in modules:
        if isinstance(module, ModelMixin):
            recompute = partial(checkpoint, use_reentrant=False, preserve_rng_state=keeps_random)
            module.enable_gradient_checkpointing(recompute)
        else:
            assert isinstance(module, PreTrainedModel)
            settings = {"use_reentrant": False, "preserve_rng_state": keeps_random}
            # transformers' method has no types
            module.gradient_checkpointing_enable(gradient_checkpointing_kwargs=settings)  # type: ignore[no-untyped-call]
