"""Files of tensors: whole or not there, and bit for bit."""

import errno
import os
import stat
import sys

import pytest
import torch
from safetensors.torch import load_file

from core.errors import NumericFault, ResourceFault
from core.formats import atomic_write, tensors
from core.formats.weight_file import WeightFile

FORMATS = pytest.mark.parametrize("ending", [".safetensors", ".ckpt", ".bin"])
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and open files are POSIX matters")


def some():
    return {
        "a": torch.randn(3, 4),
        "half": torch.randn(5).half(),
        "odd": torch.tensor([1, 2, 3], dtype=torch.uint8),
        "turned": torch.randn(2, 3).t(),
        "one": torch.tensor(4),
        "none": torch.zeros(0, 3),
        "brain": torch.randn(3).bfloat16(),
    }


@FORMATS
def test_saved_tensors_are_loaded_bit_for_bit(tmp_path, ending):
    wrote = some()
    read = tensors.load(tensors.save(tmp_path / f"x{ending}", wrote, {}))
    assert read.keys() == wrote.keys()
    assert all(read[n].dtype == wrote[n].dtype and torch.equal(read[n], wrote[n]) for n in wrote)


def test_the_safetensors_library_reads_our_file(tmp_path):
    wrote = some()
    read = load_file(tensors.save(tmp_path / "x.safetensors", wrote, {"a": "b"}))
    assert all(torch.equal(read[name], wrote[name]) for name in wrote)


@pytest.mark.parametrize("ending", [".safetensors", ".ckpt"])
def test_metadata_is_kept(tmp_path, ending):
    path = tensors.save(tmp_path / f"x{ending}", some(), {"ss_note": "蛙"})
    assert WeightFile(path).metadata == {"ss_note": "蛙"}


def test_torch_reads_our_checkpoint_with_its_safe_loader(tmp_path):
    wrote = some()
    read = torch.load(tensors.save(tmp_path / "x.ckpt", wrote, {}), weights_only=True)["state_dict"]
    assert all(torch.equal(read[name], wrote[name]) for name in wrote)


@POSIX
@FORMATS
def test_the_mode_follows_the_umask(tmp_path, ending):
    old = os.umask(0o022)
    try:
        path = tensors.save(tmp_path / f"x{ending}", some(), {})
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@POSIX
@FORMATS
def test_a_linked_output_folder_stays_a_link(tmp_path, ending):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk", target_is_directory=True)
    for _ in range(2):  # made, and replaced
        tensors.save(tmp_path / "out" / f"x{ending}", some(), {})
    assert (tmp_path / "out").is_symlink()
    assert [path.name for path in (tmp_path / "disk").iterdir()] == [f"x{ending}"]


@FORMATS
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_not_saved(tmp_path, ending, bad):
    with pytest.raises(NumericFault) as refused:
        tensors.save(tmp_path / f"x{ending}", {"a": torch.zeros(2), "guilty": torch.tensor([1.0, bad])}, {})
    assert "guilty" in refused.value.problems[0].en


def test_a_number_too_large_for_fp16_is_not_saved(tmp_path):
    with pytest.raises(NumericFault):
        tensors.save(tmp_path / "x.safetensors", {"a": tensors.of(torch.tensor([1e6]), torch.float16)}, {})


@FORMATS
def test_a_refused_save_leaves_the_old_file_and_nothing_else(tmp_path, ending):
    path = tensors.save(tmp_path / f"x{ending}", {"a": torch.ones(2)}, {})
    before = path.read_bytes()
    with pytest.raises(NumericFault):
        tensors.save(path, {"a": torch.tensor(float("nan"))}, {})
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_finite_numbers_whose_sum_is_not_are_saved(tmp_path):
    tensors.save(tmp_path / "x.safetensors", {"a": torch.full((4,), 3e38)}, {})


def test_a_full_disk_is_a_resource_fault_with_the_size_needed(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_write.os, "fsync", full)
    with pytest.raises(ResourceFault) as refused:
        tensors.save(tmp_path / "x.safetensors", {"a": torch.zeros(2**19)}, {})
    assert refused.value.problems[0].code == "E-DISK-FULL" and "2.0 MiB" in refused.value.problems[0].en
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_another_program_holds_gets_a_number(tmp_path, monkeypatch):
    (tmp_path / "x.safetensors").write_bytes(b"old")
    real = atomic_write.Path.replace

    def replace(self, target):
        if target.name == "x.safetensors":
            raise PermissionError(errno.EACCES, "in use")
        return real(self, target)

    monkeypatch.setattr(atomic_write.Path, "replace", replace)
    waits = []
    monkeypatch.setattr(atomic_write.time, "sleep", waits.append)
    assert tensors.save(tmp_path / "x.safetensors", some(), {}).name == "x-2.safetensors"
    assert waits == [0.05, 0.2, 0.5, 1.0, 2.0]
    assert (tmp_path / "x.safetensors").read_bytes() == b"old"
    assert tensors.load(tmp_path / "x-2.safetensors").keys() == some().keys()


def test_a_lazy_tensor_is_made_only_when_it_is_written(tmp_path):
    alive = []

    def read():
        alive.append(1)
        return torch.ones(2)

    lazy = tensors.Lazy(torch.float32, (2,), read)
    assert alive == []
    tensors.save(tmp_path / "x.safetensors", {"a": lazy}, {})
    assert alive == [1]


def test_a_dot_in_a_name_is_no_ending(tmp_path):
    assert tensors.with_suffix(tmp_path / "frog_v1.5", ".ckpt").name == "frog_v1.5.ckpt"
    assert tensors.with_suffix(tmp_path / "frog.safetensors", ".ckpt").name == "frog.ckpt"


def test_a_folder_of_another_kind_is_never_replaced(tmp_path):
    (tmp_path / "last").mkdir()
    (tmp_path / "last" / "holiday.jpg").write_bytes(b"jpg")
    place = atomic_write.write_folder(
        tmp_path / "last",
        lambda folder: (folder / "model_index.json").write_text("{}") and None,
        replaces="model_index.json",
    )
    assert place.name == "last-2" and (tmp_path / "last" / "holiday.jpg").exists()


def test_a_folder_of_the_same_kind_is_replaced_whole(tmp_path):
    for text in ("old", "new"):
        atomic_write.write_folder(
            tmp_path / "last",
            lambda folder, text=text: (folder / f"{text}.json").write_text(text) and None,
            replaces="old.json",
        )
    assert [p.name for p in tmp_path.rglob("*")] == ["last", "new.json"]
