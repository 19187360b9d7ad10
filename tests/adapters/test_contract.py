"""Every method on every family, one of flow matching too: attached, trained, saved, read, merged."""

from functools import partial
from pathlib import Path

import pytest
import torch

from core import families
from core.adapters.methods import METHODS
from core.adapters.network import Network, describe, merge, misfits, targets_of
from core.adapters.targets import Ranks
from core.catalog import Size
from core.config.schema.run import ModelConfig, TrainConfig
from core.formats import lora_file, peft_file, tensors
from core.models.family import Frame, Model, frames_tensor, open_family
from core.models.parts import whole
from core.train.seeds import generator
from tests.pipelines import pipeline
from tests.tiny import make_tiny
from tests.toy_family import SPEC, make_toy

FAMILIES = ("sd1", "sd2", "sdxl", "toy")
OPTIONS = {
    "lora": {},
    "dora": {"dora_axis": "input"},
    "dora of outputs": {"dora_axis": "output"},
    "loha": {},
    "lokr": {"factor": 4},
    "oft": {},
}
RANKS = Ranks(2, 3.0, 2, 1.0)


class Subject:
    """A model of one family, and one method on all of its parts that a LoRA may be for."""

    def __init__(self, path: Path, family: str, method: str) -> None:
        self.family, self.method = open_family(family), METHODS[method.split()[0]]
        self.options = OPTIONS[method]
        self.config = ModelConfig(base=str(path))
        self.model: Model = whole(self.family, self.config, lambda event: None)
        self.adapted = {part.name: self.model.modules[part.name] for part in self.model.spec.adaptable}

    def attach(self) -> Network:
        every = targets_of(self.model.spec, self.adapted, RANKS)
        unused = {part: self.model.unused(part) for part in every}
        chosen = {
            part: [t for t in some if not t.path.startswith(unused[part])] for part, some in every.items()
        }
        assert all(chosen.values())
        keyed = partial(generator, 3)
        return Network(self.adapted, self.method, chosen, keyed, options=self.options)

    def predict(self, seed: int) -> torch.Tensor:
        """What the model makes of noise and a caption, all of it drawn from the seed."""
        spec, own = self.model.spec, torch.Generator().manual_seed(seed)
        noisy = torch.randn(1, spec.latent_channels, 8, 8, generator=own)
        texts = self.family.encode_text(self.model, ["a frog"], self.config)
        frames = frames_tensor([Frame(Size(64, 64), (0, 0), Size(64, 64))])
        return self.family.predict(self.model, noisy, torch.tensor([500 + seed]), texts, frames)

    def optimizer(self, network: Network) -> torch.optim.Optimizer:
        return torch.optim.AdamW(network.parameters().values(), lr=0.01)

    def train(self, network: Network, optimizer: torch.optim.Optimizer, steps: range) -> None:
        """Steps towards the objective's target, each from its own noise."""
        objective = self.family.objective(self.model, TrainConfig())
        for step in steps:
            own = torch.Generator().manual_seed(step)
            latents, noise = (torch.randn(self.predict(step).shape, generator=own) for _ in range(2))
            target = objective.target(latents, noise, torch.tensor([500 + step]))
            (self.predict(step) - target).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()


@pytest.fixture(scope="module")
def bases(tmp_path_factory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("bases")
    found = {name: make_tiny(place / f"{name}.safetensors", family=name) for name in FAMILIES[:-1]}
    return found | {"toy": make_toy(place / "toy.safetensors")}


@pytest.fixture(params=FAMILIES)
def family(request) -> str:
    return request.param


@pytest.fixture(params=OPTIONS)
def subject(request, family, bases, monkeypatch) -> Subject:
    monkeypatch.setitem(families._FAMILIES, "toy", SPEC)
    return Subject(bases[family], family, request.param)


def test_it_starts_without_effect_every_tensor_learns_and_switched_off_it_is_the_base_model(subject):
    before = subject.predict(0).detach()
    network = subject.attach()
    torch.testing.assert_close(subject.predict(0), before, rtol=0, atol=2e-5)
    start = {weight: parameter.detach().clone() for weight, parameter in network.parameters().items()}
    subject.train(network, subject.optimizer(network), range(3))
    same = [str(weight) for weight, p in network.parameters().items() if torch.equal(p, start[weight])]
    assert same == [] and not torch.allclose(subject.predict(0), before, atol=1e-3)
    with network.off():
        assert torch.equal(subject.predict(0), before)
    assert all(parameter.requires_grad for parameter in network.parameters().values())


def test_what_is_resumed_ends_where_the_run_without_a_stop_ends(subject):
    network = subject.attach()
    optimizer = subject.optimizer(network)
    subject.train(network, optimizer, range(2))
    kept = {weight: parameter.detach().clone() for weight, parameter in network.parameters().items()}
    state = {key: value for key, value in optimizer.state_dict().items()}
    state = torch.utils._pytree.tree_map(lambda v: v.clone() if isinstance(v, torch.Tensor) else v, state)
    subject.train(network, optimizer, range(2, 4))
    expected = {weight: parameter.detach().clone() for weight, parameter in network.parameters().items()}
    network.remove()
    again = subject.attach()
    with torch.no_grad():
        for weight, parameter in again.parameters().items():
            parameter.copy_(kept[weight])
    optimizer = subject.optimizer(again)
    optimizer.load_state_dict(state)
    subject.train(again, optimizer, range(2, 4))
    assert all(torch.equal(parameter, expected[weight]) for weight, parameter in again.parameters().items())


def test_it_merges_from_its_file_as_it_ran_and_goes_on_from_it(subject, tmp_path):
    network = subject.attach()
    subject.train(network, subject.optimizer(network), range(3))
    expected = subject.predict(0).detach()
    written = lora_file.to_file(network.adapted(), subject.model.spec)
    network.remove()
    tensors.save(tmp_path / "x.safetensors", written, {})
    paths = {name: [m.path for m in describe(part)] for name, part in subject.adapted.items()}
    names = subject.family.lora_names(subject.model)
    found = lora_file.from_file(tensors.load(tmp_path / "x.safetensors"), paths, subject.model.spec, names)
    assert found.unknown == [] and found.aside == []
    assert misfits(subject.adapted, found.modules) == []
    again = subject.attach()
    assert again.load(found.modules, "") == []
    torch.testing.assert_close(subject.predict(0), expected, rtol=0, atol=1e-6)
    again.remove()
    merge(subject.adapted, found.modules, 1.0)
    torch.testing.assert_close(subject.predict(0), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("family", "method", "names"),
    [
        ("sd1", "lora", "kohya"),
        ("sd1", "dora of outputs", "diffusers"),
        ("sd2", "lora", "diffusers"),
        ("sdxl", "dora of outputs", "diffusers"),
    ],
)
def test_with_our_file_diffusers_predicts_what_we_do(bases, family, method, names, tmp_path):
    subject = Subject(bases[family], family, method)
    network, own = subject.attach(), torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters().values():
            parameter.add_(torch.randn(parameter.shape, generator=own) / 10)
        expected, adapted, spec = subject.predict(0), network.adapted(), subject.model.spec
    if names == "kohya":
        written, told = lora_file.to_file(adapted, spec), {}
    else:
        written, told = peft_file.to_file(adapted, spec)
    network.remove()
    tensors.save(tmp_path / "x.safetensors", written, told)
    pipe = pipeline(subject.model)
    with torch.no_grad():
        before = subject.predict(0)
        pipe.load_lora_weights(str(tmp_path), weight_name="x.safetensors")
        torch.testing.assert_close(subject.predict(0), expected, rtol=0, atol=1e-5)
    assert not torch.allclose(before, expected, atol=1e-2)
