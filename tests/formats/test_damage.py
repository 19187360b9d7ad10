"""Files with changed bytes are refused or read, and never crash the reader."""

import random

import pytest
import torch

from core.errors import UserError
from core.formats import tensors
from core.formats.identify import identify

WEIGHTS = {f"lora_unet_{i}.lora_down.weight": torch.randn(2, 3) for i in range(4)}
WEIGHTS |= {f"lora_unet_{i}.alpha": torch.tensor(1.0) for i in range(4)}


def safetensors(path):
    tensors.save(path, WEIGHTS, {"note": "x"})


def zipped(path):
    tensors.save(path, WEIGHTS, {"note": "x"})


def legacy(path):
    torch.save(WEIGHTS, path, _use_new_zipfile_serialization=False)


def damaged(whole, rng):
    """A copy with some bytes changed, mostly near the start, and sometimes cut."""
    found = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 8))):
        found[rng.randrange(min(len(found), rng.choice((64, 1200, len(found)))))] = rng.randrange(256)
    return found[: rng.randrange(len(found))] if rng.random() < 0.1 else found


@pytest.mark.parametrize(
    ("write", "ending"), [(safetensors, "safetensors"), (zipped, "ckpt"), (legacy, "pt")]
)
def test_five_hundred_damaged_files_are_refused_or_read(tmp_path, write, ending):
    write(tmp_path / f"whole.{ending}")
    whole, path, rng = (tmp_path / f"whole.{ending}").read_bytes(), tmp_path / f"x.{ending}", random.Random(0)
    for _ in range(500):
        path.write_bytes(damaged(whole, rng))
        identify(path).to_json()
        try:
            tensors.load(path)
        except UserError as refused:
            assert refused.problems
