"""Headers of .safetensors files, sound and damaged."""

import json
import struct

import pytest
import torch
from safetensors.torch import save_file

from core.errors import UserError
from core.formats.header import read_header


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "sound.safetensors"
    save_file({"a": torch.zeros(2, 3), "b": torch.zeros(4).half()}, path, {"who": "me"})
    return path


def raw(path, table, data=b"", length=None):
    text = json.dumps(table).encode() if not isinstance(table, bytes) else table
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def code(path):
    with pytest.raises(UserError) as refused:
        read_header(path)
    return refused.value.problems[0].code


def test_names_types_and_shapes_are_read(sound):
    assert read_header(sound).tensors == {"a": ("F32", (2, 3)), "b": ("F16", (4,))}


def test_metadata_is_read(sound):
    assert read_header(sound).metadata == {"who": "me"}


@pytest.mark.parametrize("kept", [0, 7, 8, 40, -1, -20])
def test_a_cut_file_is_called_incomplete(sound, kept):
    sound.write_bytes(sound.read_bytes()[:kept])
    assert code(sound) == "E-MODEL-TRUNC"


def test_a_cut_file_is_named_with_both_sizes(sound):
    whole = sound.stat().st_size
    sound.write_bytes(sound.read_bytes()[:-5])
    with pytest.raises(UserError) as refused:
        read_header(sound)
    sentence = refused.value.problems[0].en
    assert str(sound) in sentence and f"has {whole - 5} of {whole} bytes" in sentence


def test_bytes_after_the_last_tensor_are_refused(sound):
    sound.write_bytes(sound.read_bytes() + b"x")
    assert code(sound) == "E-MODEL-BAD"


def test_a_header_length_beyond_any_file_is_refused(tmp_path):
    assert code(raw(tmp_path / "x.safetensors", {}, length=2**63)) == "E-MODEL-BAD"


def test_a_header_that_is_not_utf8_is_refused(tmp_path):
    assert code(raw(tmp_path / "x.safetensors", b'{"\xff\xfe": 1}')) == "E-MODEL-BAD"


def test_overlapping_tensors_are_refused(tmp_path):
    entry = {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}
    assert code(raw(tmp_path / "x.safetensors", {"a": entry, "b": entry}, b"1234")) == "E-MODEL-BAD"


def test_a_name_that_stands_twice_is_refused(tmp_path):
    entry = '{"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}'
    text = f'{{"a": {entry}, "a": {entry}}}'.encode()
    assert code(raw(tmp_path / "x.safetensors", text, b"1234")) == "E-MODEL-BAD"


def test_a_shape_that_does_not_fit_its_bytes_is_refused(tmp_path):
    entry = {"dtype": "F32", "shape": [4], "data_offsets": [0, 4]}
    assert code(raw(tmp_path / "x.safetensors", {"a": entry}, b"1234")) == "E-MODEL-BAD"


def test_a_negative_shape_is_refused(tmp_path):
    entry = {"dtype": "U8", "shape": [-2, -2], "data_offsets": [0, 4]}
    assert code(raw(tmp_path / "x.safetensors", {"a": entry}, b"1234")) == "E-MODEL-BAD"


def test_deeply_nested_json_is_refused(tmp_path):
    assert code(raw(tmp_path / "x.safetensors", b"[" * 100_000)) == "E-MODEL-BAD"


def test_a_missing_file_is_called_missing(tmp_path):
    assert code(tmp_path / "no.safetensors") == "E-MODEL-MISSING"
