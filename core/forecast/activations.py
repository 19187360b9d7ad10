"""What activations take, by what was measured of the family's real models.

Bytes are linear in the latent cells and the caption tokens of a micro-batch, and in the width of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.catalog import Role
from core.families import FAMILIES, FamilySpec
from core.forecast.architecture import Architecture
from core.forecast.kept import Kept
from core.forecast.measured import Measured, measured, passes_name, step_name, work_name


@dataclass(frozen=True)
class Activations:
    """device, precision, kind: of measured.DEVICES, PRECISIONS and KINDS.

    is_denoiser_trained: False where only text encoders are. is_in_pieces: attention is mem_eff. kept: part ->
    what its adapter keeps beyond a LoRA. item: bytes of a number of that.
    """

    architecture: Architecture
    device: str
    precision: str
    kind: str
    is_denoiser_trained: bool
    is_checkpointed: bool
    is_in_pieces: bool
    kept: Mapping[str, Kept]
    item: int

    @property
    def _measured(self) -> Measured:
        return measured(self.architecture.family)

    @property
    def _passes(self) -> Mapping[str, int]:
        return self._measured.passes[passes_name(self.device, self.precision)]

    @property
    def _kind(self) -> str:
        return self.kind if self.is_denoiser_trained else "frozen"

    def _step(self, kind: str) -> Mapping[str, Any]:
        return self._measured.steps[step_name(self.device, self.precision, kind, self.is_checkpointed)]

    @property
    def _spec(self) -> FamilySpec:
        return FAMILIES[self.architecture.family]

    def _wide(self, role: Role, nbytes: int) -> int:
        """Bytes as measured, in the width of the parts of a role."""
        return int(self.architecture.width(*self._spec.names(role)) * nbytes)

    def moments(self, cells: int, tokens: int) -> Iterator[tuple[int, float]]:
        """The moments of a step: bytes, and the share of the denoiser's gradients that is there by then."""
        more = self._passes["mem_eff"] if self.is_in_pieces else 0
        kept = sum(self._kept(part, cells, tokens) for part in self._spec.names("denoiser"))
        for cell, token, share in self._step(self._kind)["moments"]:
            yield self._wide("denoiser", (cell + more) * cells + token * tokens) + kept, share

    def _kept(self, part: str, cells: int, tokens: int) -> int:
        return int(self.item * self.kept[part].numbers(cells, tokens)) if part in self.kept else 0

    def trained_text(self, part: str, tokens: int) -> tuple[int, float]:
        """What a trained text encoder keeps till its backward pass: bytes, and a share of its weights'."""
        token, share = self._step(self.kind)["text"][part]
        return int(self.architecture.width(part) * token * tokens) + self._kept(part, 0, tokens), share

    def work(self, cells: int) -> int:
        """Floating-point operations of a sample's step."""
        cell, square = self._measured.work[work_name(self._kind, self.is_checkpointed)]
        return cells * cell + cells**2 * square

    def forward_work(self, cells: int) -> int:
        """The same of a pass without gradients: a third of training all of it, three passes alike."""
        cell, square = self._measured.work[work_name("whole", False)]
        return (cells * cell + cells**2 * square) // 3

    def forward(self, cells: int) -> int:
        """A pass of the denoiser without gradients."""
        return self._wide("denoiser", self._passes["forward"] * cells)

    def text(self, tokens: int) -> int:
        """A pass of all text encoders without gradients."""
        return self._wide("text", self._passes["text"] * tokens)

    def states(self, tokens: int) -> int:
        """Numbers of the text states of a caption."""
        found = self._measured.states
        return self._wide("text", found["token"] * tokens + found["caption"])

    def vae(self, way: str, cells: int) -> int:
        """The VAE's pass, way: "encode" images or "decode" latents."""
        return self._wide("vae", self._measured.vae[way] * cells)
