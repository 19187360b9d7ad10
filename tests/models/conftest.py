"""Tiny models, made once."""

import pytest
import torch

from core.config.schema.run import ModelConfig
from core.formats import tensors
from core.models.family import open_family
from core.models.parts import whole
from tests.tiny import make_tiny, make_tiny_folder


def quiet(event):
    """Takes events and says nothing."""


def loaded(path, **options):
    """The model at a path."""
    return whole(open_family("auto"), ModelConfig(base=str(path), **options), quiet)


def unchecked(tensor):
    """A tensor that is written whatever it holds."""
    return tensors.Lazy(tensor.dtype, tuple(tensor.shape), lambda: tensor, is_checked=False)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A single file of SD1 in float32."""
    return make_tiny(tmp_path_factory.mktemp("tiny") / "tiny.safetensors")


@pytest.fixture(scope="session")
def tiny_half(tmp_path_factory):
    """The same in fp16."""
    return make_tiny(tmp_path_factory.mktemp("half") / "half.safetensors", dtype=torch.float16)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """The same as a Diffusers folder, written by Diffusers."""
    return make_tiny_folder(tmp_path_factory.mktemp("folder") / "model")


@pytest.fixture(scope="session")
def parts(tiny):
    """The tiny model in memory; not to be changed."""
    return loaded(tiny)
