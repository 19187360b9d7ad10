"""Headers of .safetensors files, sound and damaged."""

import errno
import json
import os
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.errors import ResourceFault, UserError
from core.formats import header
from core.formats.header import read_header
from core.formats.weight_file import WeightFile


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


HUGE = "9" * 4200


@pytest.mark.parametrize("shape", [f"[{HUGE},0]", "[9223372036854775807,9223372036854775807,0]"])
def test_an_empty_tensor_with_sides_beyond_any_computer_is_refused(tmp_path, shape):
    text = f'{{"a": {{"dtype": "F32", "shape": {shape}, "data_offsets": [0, 0]}}}}'.encode()
    assert code(raw(tmp_path / "x.safetensors", text)) == "E-MODEL-BAD"


def test_a_number_of_six_thousand_digits_is_refused(tmp_path):
    text = f'{{"a": {{"dtype": "F32", "shape": [{HUGE}{HUGE}], "data_offsets": [0, 0]}}}}'.encode()
    assert code(raw(tmp_path / "x.safetensors", text)) == "E-MODEL-BAD"


def test_more_tensors_than_any_model_has_are_refused(tmp_path):
    entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    text = "{" + ",".join(f'"{i}":{entry}' for i in range(header.MOST_TENSORS + 1)) + "}"
    assert code(raw(tmp_path / "x.safetensors", text.encode())) == "E-MODEL-BAD"


@pytest.mark.parametrize("piece", [b"[],", b"1,"])
def test_lists_without_end_are_refused_before_they_are_parsed(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(header.json, "loads", None)
    text = b'{"__metadata__":{"a":[' + piece * 1_100_000 + b"1]}}"
    assert code(raw(tmp_path / "x.safetensors", text)) == "E-MODEL-BAD"


OTHERS = {
    "an image (PNG)": b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(99),
    "an image (JPEG)": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(99),
    "an image (GIF)": b"GIF89a\x40\x01" + bytes(99),
    "an image (WebP)": b"RIFF\x24\x10\x02\x00WEBPVP8 " + bytes(99),
    "an archive (7z)": b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(99),
    "a web page": b"\n<!DOCTYPE html><html><title>Log in</title>" + b"\xe3\x81" * 50,
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4265146304\n",
    "a text file": '[model]\nbase = "モデル"\n'.encode(),
}


@pytest.mark.parametrize("named", OTHERS)
@pytest.mark.parametrize("ending", ["safetensors", "ckpt", "png"])
def test_an_image_or_a_text_given_as_a_model_is_called_what_it_is(tmp_path, named, ending):
    path = tmp_path / f"x.{ending}"
    path.write_bytes(OTHERS[named])
    with pytest.raises(UserError) as refused:
        WeightFile(path)
    assert named in refused.value.problems[0].en and str(path) in refused.value.problems[0].en


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("ending", ["safetensors", "ckpt", ""])
def test_a_pipe_given_as_a_model_is_refused_and_not_waited_for(tmp_path, ending):
    path = tmp_path / f"x.{ending}"
    os.mkfifo(path)
    with pytest.raises(UserError) as refused:
        WeightFile(path)
    assert refused.value.problems[0].code == "E-MODEL-READ"


def test_too_many_open_files_are_no_fault_of_the_file(sound, monkeypatch):
    def none_left(self, mode):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Path, "open", none_left)
    with pytest.raises(ResourceFault, match="Too many open files"):
        read_header(sound)
