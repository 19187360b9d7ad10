"""Bytes that come and go while a walk plays a training step, and how they stood at their highest."""

from __future__ import annotations

from collections.abc import Mapping

WEIGHTS, GRADIENTS, ACTIVATIONS = "weights", "gradients", "activations"


class Memory:
    """A count of living bytes by kind. peak: the most there were at once; at_peak: of which kinds."""

    def __init__(self, held: Mapping[str, int] | None = None) -> None:
        """held: what is there before anything is taken and stays."""
        self.live: dict[str, int] = {WEIGHTS: 0, GRADIENTS: 0, ACTIVATIONS: 0} | dict(held or {})
        self.total = sum(self.live.values())
        self.peak, self.at_peak = self.total, dict(self.live)

    def take(self, kind: str, nbytes: int) -> None:
        self.live[kind] += nbytes
        self.total += nbytes
        if self.total > self.peak:
            self.peak, self.at_peak = self.total, dict(self.live)

    def drop(self, kind: str, nbytes: int) -> None:
        self.live[kind] -= nbytes
        self.total -= nbytes


class Store:
    """One block of memory; gone when the last tensor or saved reference to it is."""

    __slots__ = ("kind", "memory", "nbytes")

    def __init__(self, memory: Memory, nbytes: int, kind: str = ACTIVATIONS) -> None:
        self.memory, self.nbytes, self.kind = memory, nbytes, kind
        memory.take(kind, nbytes)

    def __del__(self) -> None:
        self.memory.drop(self.kind, self.nbytes)
