"""Pickled checkpoints: what torch writes is read, what could run is refused."""

import os
import pickle
import tracemalloc
import zipfile

import pytest
import torch

from core.errors import UserError
from core.formats import pickle_reader, tensors

ZIP = pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "before torch 1.6"])


class Attack:
    """Makes a folder when a pickle of it is loaded carelessly."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (str(self.canary),)


def refusal(path):
    with pytest.raises(UserError) as refused:
        tensors.load(path)
    return refused.value.problems[0]


@ZIP
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64])
def test_what_torch_wrote_is_read_bit_for_bit(tmp_path, as_zip, dtype):
    wrote = (torch.randn(5, 3) * 9).to(dtype)
    torch.save({"state_dict": {"a": wrote}}, tmp_path / "x.ckpt", _use_new_zipfile_serialization=as_zip)
    read = tensors.load(tmp_path / "x.ckpt")["a"]
    assert read.dtype == dtype and torch.equal(read, wrote)


@ZIP
def test_views_and_parameters_are_read_as_what_they_show(tmp_path, as_zip):
    whole = torch.arange(12.0).reshape(3, 4)
    wrote = {"turned": whole.t(), "part": whole[1:, 2], "one": torch.tensor(7.0)}
    wrote["parameter"] = torch.nn.Parameter(whole)
    torch.save(wrote, tmp_path / "x.pt", _use_new_zipfile_serialization=as_zip)
    read = tensors.load(tmp_path / "x.pt")
    assert all(torch.equal(read[name], wrote[name]) for name in wrote)


def test_float8_is_read(tmp_path):
    wrote = torch.randn(4).to(torch.float8_e4m3fn)
    torch.save({"a": wrote}, tmp_path / "x.pt")
    assert torch.equal(tensors.load(tmp_path / "x.pt")["a"].float(), wrote.float())


@ZIP
def test_a_malicious_checkpoint_runs_nothing(tmp_path, as_zip):
    canary = tmp_path / "canary"
    attack = {"state_dict": {"a": Attack(canary)}}
    torch.save(attack, tmp_path / "x.ckpt", _use_new_zipfile_serialization=as_zip)
    refusal(tmp_path / "x.ckpt")
    assert not canary.exists()


def test_the_refusal_names_what_the_file_wanted_to_run(tmp_path):
    torch.save({"a": Attack(tmp_path / "canary")}, tmp_path / "x.ckpt")
    problem = refusal(tmp_path / "x.ckpt")
    assert problem.code == "E-MODEL-PICKLE" and problem.facts["code"] == f"{os.mkdir.__module__}.mkdir"


def test_the_switch_that_makes_torch_careless_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    canary = tmp_path / "canary"
    torch.save({"a": Attack(canary)}, tmp_path / "x.ckpt")
    assert refusal(tmp_path / "x.ckpt").code == "E-MODEL-PICKLE" and not canary.exists()


def test_a_bare_pickle_runs_nothing(tmp_path):
    canary = tmp_path / "canary"
    (tmp_path / "x.ckpt").write_bytes(pickle.dumps(Attack(canary)))
    assert refusal(tmp_path / "x.ckpt").code == "E-MODEL-PICKLE" and not canary.exists()


def test_a_pickle_named_safetensors_runs_nothing(tmp_path):
    canary = tmp_path / "canary"
    torch.save({"a": Attack(canary)}, tmp_path / "x.safetensors")
    assert refusal(tmp_path / "x.safetensors").code == "E-MODEL-BAD" and not canary.exists()


def test_an_archive_of_another_kind_is_called_one(tmp_path):
    (tmp_path / "x.ckpt").write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(200))
    assert "an archive (7z)" in refusal(tmp_path / "x.ckpt").en


def test_a_second_program_in_the_zip_is_refused(tmp_path):
    path = tmp_path / "x.ckpt"
    torch.save({"a": torch.zeros(2)}, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other/data.pkl", pickle.dumps({"a": 1}))
    assert refusal(path).code == "E-MODEL-BAD"


def test_compressed_weights_are_refused_before_they_are_unpacked(tmp_path):
    torch.save({"a": torch.zeros(8_000_000)}, tmp_path / "plain.ckpt")
    with (
        zipfile.ZipFile(tmp_path / "plain.ckpt") as plain,
        zipfile.ZipFile(tmp_path / "bomb.ckpt", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in plain.namelist():
            bomb.writestr(name, plain.read(name))
    tracemalloc.start()
    try:
        assert refusal(tmp_path / "bomb.ckpt").code == "E-MODEL-BAD"
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # unpacked it has 32 MB
    finally:
        tracemalloc.stop()


def test_a_tensor_larger_than_its_data_is_refused(tmp_path):
    torch.save({"a": torch.zeros(1).expand(10**12)}, tmp_path / "x.ckpt")
    assert refusal(tmp_path / "x.ckpt").code == "E-MODEL-BAD"


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_cut_checkpoint_is_called_incomplete(tmp_path, kept):
    path = tmp_path / "x.ckpt"
    torch.save({"a": torch.zeros(10_000)}, path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    assert refusal(path).code == "E-MODEL-TRUNC"


def test_an_image_named_ckpt_is_no_checkpoint(tmp_path):
    (tmp_path / "x.ckpt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert refusal(tmp_path / "x.ckpt").code == "E-MODEL-BAD"


def test_records_of_pytorch_lightning_are_passed_over(tmp_path):
    # As in sd-v1-4.ckpt: {"callbacks": {pytorch_lightning...ModelCheckpoint: {...}}, "state_dict": ...}
    name = b"cpytorch_lightning.callbacks.model_checkpoint\nModelCheckpoint\n"
    program = b"\x80\x02}(X\x09\x00\x00\x00callbacks}" + name + b"K\x01sX\x0a\x00\x00\x00state_dict}u."
    with zipfile.ZipFile(tmp_path / "x.ckpt", "w") as archive:
        archive.writestr("archive/data.pkl", program)
    assert pickle_reader.read(tmp_path / "x.ckpt").tensors == {}


def test_a_few_bytes_can_not_ask_for_gigabytes(tmp_path):
    # LONG_BINPUT with the largest index: a table of 64 GB for the unpickler in C.
    (tmp_path / "x.ckpt").write_bytes(b"\x80\x02}r\xff\xff\xff\xff.")
    assert refusal(tmp_path / "x.ckpt").code == "E-MODEL-BAD"


def test_what_a_pickle_sets_on_a_name_is_dropped(tmp_path):
    # BUILD on torch._utils._rebuild_tensor_v2 with a state: an attack on the reader's own functions.
    start = b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n"
    program = start + b"}X\x04\x00\x00\x00kindX\x04\x00\x00\x00dictsbs."
    with zipfile.ZipFile(tmp_path / "x.ckpt", "w") as archive:
        archive.writestr("archive/data.pkl", program)
    assert pickle_reader.read(tmp_path / "x.ckpt").tensors == {}


def program(path, text):
    """A checkpoint with these instructions behind the mark of protocol 2."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + text)
    return path


TABLE = b"ccollections\nOrderedDict\nq\x00"
"""The name by which torch makes tables, kept as number 0."""


def test_one_table_copied_over_and_over_is_refused(tmp_path):
    entries = b"".join(b"M" + i.to_bytes(2, "little") + b"K\x00" for i in range(20_000))
    copies = TABLE + b"}(" + entries + b"uq\x01" + b"]q\x02(" + b"h\x00h\x01\x85R" * 60 + b"e"
    path = program(tmp_path / "x.ckpt", b"}X\x01\x00\x00\x00a" + copies + b"s.")
    assert "over and over" in refusal(path).en


def test_a_key_that_is_a_tree_of_shared_branches_is_refused(tmp_path):
    # Each level is a pair of the one before: its hash would be of 2^60 numbers.
    levels = b"K\x01\x85q\x000" + b"".join(b"h%ch%c\x86q%c0" % (i, i, i + 1) for i in range(60))
    set_in_a_table = b"}" + levels + b"h<K\x01s."
    from_a_list_of_pairs = b"ccollections\nOrderedDict\n]" + levels + b"h<K\x01\x86a\x85R."
    for instructions in (set_in_a_table, from_a_list_of_pairs):
        assert "a key" in refusal(program(tmp_path / "x.ckpt", instructions)).en


TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00K\x01\x85K\x01\x85\x89}tR"
)


@pytest.mark.parametrize(
    "name",
    [b"\x8b" + (2500).to_bytes(4, "little") + b"\x7f" * 2500, b")" + b"\x85" * 100_000, b"N"],
    ids=["a number of 6,001 digits", "a tuple nested 100,000 deep", "nothing"],
)
def test_a_tensor_whose_name_is_no_text_is_refused(tmp_path, name):
    assert refusal(program(tmp_path / "x.ckpt", b"}" + name + TENSOR + b"s.")).code == "E-MODEL-BAD"


@pytest.mark.parametrize(
    "instructions",
    [
        b"\x96" + (2**40).to_bytes(8, "little"),  # BYTEARRAY8: a terabyte of zeros
        b"\x8f(}\x90",  # a set
        b"\x82\x01",  # a name of copyreg's list
    ],
)
def test_instructions_that_no_weights_need_are_refused(tmp_path, instructions):
    assert refusal(program(tmp_path / "x.ckpt", instructions + b".")).code == "E-MODEL-BAD"


def test_a_list_of_contents_without_end_is_refused(tmp_path, monkeypatch):
    path = program(tmp_path / "x.ckpt", b"}.")
    with zipfile.ZipFile(path, "a") as archive:
        for n in range(40):
            archive.writestr(f"archive/data/{n:0200}", b"")
    monkeypatch.setattr(pickle_reader, "_LARGEST_READ", 9000)
    assert "longer than" in refusal(path).en


@ZIP
def test_the_versions_that_torch_keeps_with_a_modules_weights_are_passed_over(tmp_path, as_zip):
    layer = torch.nn.Linear(2, 3)  # its state_dict() carries _metadata
    torch.save({"state_dict": layer.state_dict()}, tmp_path / "x.ckpt", _use_new_zipfile_serialization=as_zip)
    assert torch.equal(tensors.load(tmp_path / "x.ckpt")["weight"], layer.weight)


@pytest.mark.parametrize(
    ("made", "word"),
    [
        (lambda: torch.eye(3).to_sparse(), "sparse"),
        (lambda: torch.eye(3).to_sparse_csr(), "sparse"),
        (lambda: torch.zeros(3, device="meta"), "meta"),
    ],
)
def test_tensors_of_an_unusual_kind_are_refused_by_name(tmp_path, made, word):
    torch.save({"a": made()}, tmp_path / "x.ckpt")
    problem = refusal(tmp_path / "x.ckpt")
    assert problem.code == "E-MODEL-DTYPE" and problem.facts["kind"] == word
