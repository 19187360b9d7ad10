"""A tagger: an ONNX graph that scores each of its tags, run by onnxruntime, an optional library."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.captioners import messages, pixels, tag_list
from core.captioners.manifest import Manifest
from core.captioners.scores import Picking, Scored, pick
from core.errors import UserError

LIBRARY = '"onnxruntime>=1.17,<2"'
"""The versions that read the models; onnxruntime-gpu and onnxruntime-directml are the same for GPUs."""

_PROVIDERS = ("CUDAExecutionProvider", "DmlExecutionProvider", "CPUExecutionProvider")
_CPU = "CPUExecutionProvider"
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_,
    "tensor(int64)": np.int64,
}
_SIDES = {"nhwc": 1, "nchw": 2}
"""Which dimension of the input is its height."""

_log = logging.getLogger(__name__)


def runtime() -> Any:
    """The library. Raises UserError where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        raise UserError(messages.NO_RUNTIME(command=messages.install(LIBRARY))) from None
    return onnxruntime


class Tagger:
    """A tagger in memory. device: "cpu" for the processor alone, else the first that can be used."""

    def __init__(self, folder: Path, manifest: Manifest, device: str = "auto") -> None:
        self._manifest, self._folder = manifest, folder
        self._tags = tag_list.read(folder / manifest.tags, manifest)
        self._onnx = runtime()
        missing = next((folder / name for name in manifest.names if not (folder / name).is_file()), None)
        if missing is not None:
            raise UserError(messages.LACKS_FILE(path=missing))
        there = self._onnx.get_available_providers()
        self._providers = [name for name in _PROVIDERS if name in there and (device != "cpu" or name == _CPU)]
        self._session: Any = None
        self._open()
        self._look()

    @property
    def provider(self) -> str:
        """What runs it, as onnxruntime calls it."""
        return self._providers[0]

    def _open(self) -> None:
        """Make the session with the first provider that can be loaded: one that is listed may not be."""
        path = self._folder / self._manifest.model
        quiet = self._onnx.SessionOptions()
        quiet.log_severity_level = 4
        while True:
            try:
                self._session = self._onnx.InferenceSession(
                    str(path), sess_options=quiet, providers=self._providers[:1]
                )
                return
            except Exception as error:  # its own errors have no common base
                self._next_provider(path, error)

    def _next_provider(self, path: Path, error: Exception) -> None:
        """Go on without the first provider. Raises UserError when it was the last."""
        _log.info("%s can't run %s", self._providers[:1], path, exc_info=error)
        if len(self._providers) < 2:
            why = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
            raise UserError(messages.NOT_LOADED(path=path, why=why)) from None
        del self._providers[0]

    def _look(self) -> None:
        """What the graph says of its inputs and output. Raises UserError where the manifest is of another."""
        manifest, path = self._manifest, self._folder / self._manifest.model
        inputs = {one.name: one for one in self._session.get_inputs()}
        images = [name for name in inputs if name not in manifest.extra_inputs]
        if len(images) != 1 or len(inputs) != 1 + len(manifest.extra_inputs):
            given = ", ".join(manifest.extra_inputs) or "–"
            raise UserError(messages.OTHER_INPUTS(path=path, wanted=", ".join(inputs), given=given))
        self._input, self._inputs = images[0], inputs
        shape = inputs[self._input].shape
        sides = shape[_SIDES[manifest.layout]] if len(shape) == 4 else None
        side = sides if isinstance(sides, int) else manifest.size
        if side is None:
            raise UserError(messages.NO_SIZE(path=path))
        self.side: int = side
        self.fixed_batch = shape[0] if isinstance(shape[0], int) else None
        outputs = {one.name: one for one in self._session.get_outputs()}
        self._output = manifest.output or next(iter(outputs))
        if self._output not in outputs:
            known = ", ".join(outputs)
            raise UserError(messages.NO_OUTPUT(path=path, output=self._output, known=known))
        self._compare(outputs[self._output].shape[-1])

    def _compare(self, width: Any) -> None:
        """Raises UserError where there are not as many tags as scores."""
        if isinstance(width, int) and width != len(self._tags):
            path = self._folder / self._manifest.tags
            raise UserError(messages.OTHER_COUNT(path=path, tags=len(self._tags), scores=width))

    def scores(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """The score of every tag for each image, (images, tags), 0 to 1. Runs as many at once as given."""
        size = self.fixed_batch or max(1, len(images))
        parts = [self._run(images[n : n + size], size) for n in range(0, len(images), size)]
        found = np.concatenate(parts)
        self._compare(found.shape[-1])
        return found

    def _run(self, images: Sequence[Image.Image], size: int) -> NDArray[np.float32]:
        made, valid = pixels.batch(images, self._manifest, self.side)
        if self.fixed_batch and len(images) < size:  # the graph takes just so many
            made, valid = (np.resize(part, (size, *part.shape[1:])) for part in (made, valid))
        fed: dict[str, Any] = {self._input: made}
        for name, meant in self._manifest.extra_inputs.items():
            fed[name] = valid if meant == "valid" else ~valid
        fed = {
            name: part.astype(_TYPES.get(self._inputs[name].type, part.dtype)) for name, part in fed.items()
        }
        raw: NDArray[np.float32] = np.asarray(self._answer(fed), np.float32)[: len(images)]
        if self._manifest.activation == "sigmoid":
            raw = (1 / (1 + np.exp(-np.clip(raw, -60, 60)))).astype(np.float32)
        return raw.reshape(len(images), -1)

    def _answer(self, fed: dict[str, Any]) -> Any:
        """The output; by the next provider where the first one fails only now."""
        while True:
            try:
                return self._session.run([self._output], fed)[0]
            except Exception as error:  # its own errors have no common base
                self._next_provider(self._folder / self._manifest.model, error)
                self._open()

    def tags(self, images: Sequence[Image.Image], picking: Picking) -> list[list[Scored]]:
        """The tags of each image, highest score first."""
        own = self._manifest.thresholds
        return [pick(row, self._tags, picking, own) for row in self.scores(images)]

    def close(self) -> None:
        """Give its memory back."""
        self._session = None
