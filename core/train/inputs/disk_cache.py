"""Tensors that are kept from run to run, each entry named by all that shaped its bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from core.errors import ResourceFault, UserError
from core.events import Warned
from core.formats import partial_files, tensors
from core.formats.weight_file import WeightFile
from core.train.inputs import messages


class DiskCache:
    """Entries below a folder of our own."""

    def __init__(self, root: Path, is_writer: bool = True) -> None:
        """is_writer: whether this process writes entries. encoder: fingerprint of the model that encodes.

        notices: what a user should know; entries are read by a thread, which sends no events itself.
        """
        self.notices: list[Warned] = []
        self.encoder = ""
        self._root, self._is_writer = root, is_writer
        if is_writer and root.is_dir():
            for folder in root.iterdir():
                partial_files.sweep(folder)

    def has(self, shaped_by: Mapping[str, object]) -> bool:
        """Whether there is an entry, sound or not."""
        return self._path(json.dumps(shaped_by, sort_keys=True)).is_file()

    def read(self, shaped_by: Mapping[str, object]) -> dict[str, Tensor] | None:
        """The tensors of an entry, or None when there is no sound one. shaped_by: plain values."""
        key = json.dumps(shaped_by, sort_keys=True)
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            file = WeightFile(path)
            if file.metadata.get("key") == key:
                kept = {name: file.read(name) for name in file.tensors}
                if file.metadata.get("digest") == _digest(kept):
                    return kept
        except (UserError, OSError, KeyError, ValueError) as e:
            reason = str(e)
        else:
            reason = "not what its name says"
        self.notices.append(Warned(messages.CACHE_REDONE(reason=reason, path=path)))
        return None

    def write(self, shaped_by: Mapping[str, object], kept: Mapping[str, Tensor]) -> None:
        """Keep an entry; when the disk will not have it, that is noticed and no more are written."""
        if not self._is_writer:
            return
        key = json.dumps(shaped_by, sort_keys=True)
        try:
            tensors.save(self._path(key), kept, {"key": key, "digest": _digest(kept)})
        except ResourceFault as e:
            problem = e.problems[0]
            fault = problem.words
            self.notices.append(Warned(messages.CACHE_UNWRITABLE(fault=fault, path=problem.path)))
            self._is_writer = False

    def _path(self, key: str) -> Path:
        name = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
        return self._root / name[:2] / f"{name}.safetensors"


def _digest(kept: Mapping[str, Tensor]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for _, tensor in sorted(kept.items()):
        digest.update(bytes_of(tensor))
    return digest.hexdigest()


def bytes_of(tensor: Tensor) -> bytes:
    """The bytes of a tensor, row by row."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
