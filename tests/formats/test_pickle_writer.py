"""Files as torch.save writes them, tensor by tensor."""

import zipfile

import pytest
import torch

from core.formats import pickle_reader, pickle_writer, tensors
from core.formats.weight_file import WeightFile

SOME = {
    "a": torch.randn(3, 5),
    "half": torch.randn(7, dtype=torch.float16),
    "brain": torch.randn(2, 2).to(torch.bfloat16),
    "whole": torch.arange(4),
    "one": torch.tensor(2.5),
    "none": torch.zeros(0, 3),
    "truth": torch.tensor([True, False]),
    "small": torch.randn(4).to(torch.float8_e4m3fn),
}


def save(path):
    return tensors.save(path, SOME, {"note": "hello"})


def same(found):
    return found.keys() == SOME.keys() and all(
        found[n].dtype == t.dtype and found[n].shape == t.shape and torch.equal(found[n].float(), t.float())
        for n, t in SOME.items()
    )


def test_torch_loads_it_safely(tmp_path):
    found = torch.load(save(tmp_path / "x.ckpt"), weights_only=True)
    assert same(found["state_dict"]) and found["metadata"] == {"note": "hello"}


def test_torch_maps_it_into_memory(tmp_path):
    assert same(torch.load(save(tmp_path / "x.ckpt"), weights_only=True, mmap=True)["state_dict"])


def test_a_bin_file_has_its_tensors_at_the_top(tmp_path):
    assert same(torch.load(save(tmp_path / "x.bin"), weights_only=True))


def test_our_own_reader_reads_it(tmp_path):
    file = WeightFile(save(tmp_path / "x.ckpt"))
    assert same({name: file.read(name) for name in file.tensors}) and file.metadata == {"note": "hello"}


def test_the_archive_is_whole_and_its_numbers_lie_where_torch_puts_them(tmp_path):
    path = save(tmp_path / "x.ckpt")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
    places = pickle_reader.read(path).places.values()
    assert all(place.begin % pickle_writer.ALIGNMENT == 0 for place in places)


@pytest.mark.parametrize("ending", ["ckpt", "bin", "safetensors"])
def test_one_tensor_at_a_time_is_in_memory(tmp_path, ending):
    alive, most = 0, 0

    class Counted(torch.Tensor):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def read():
        nonlocal alive, most
        alive, most = alive + 1, max(most, alive + 1)
        return torch.zeros(1000).as_subclass(Counted)

    lazy = {f"{n}": tensors.Lazy(torch.float32, (1000,), read) for n in range(20)}
    tensors.save(tmp_path / f"x.{ending}", lazy, {})
    assert 1 <= most <= 2
