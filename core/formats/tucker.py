"""Convolutions in Tucker form, as LyCORIS writes them at choice, brought to the plain form of their method.

A core (r, r, k, k) stands between the two sides; with it multiplied into the input's side the change is the
same and the rank too. Source: LyCORIS 4.1, lycoris.modules locon, loha and lokr (use_tucker).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

CORES = ("lora_mid.weight", "hada_t1", "hada_t2", "lokr_t2")
"""Names of cores beside the other tensors of a module."""

_FACTORS: Mapping[str, str] = {"hada_t1": "hada_w1", "hada_t2": "hada_w2", "lokr_t2": "lokr_w2"}


def plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """The tensors of one module without a core, as they are where there is none; None where they do not fit.

    The numbers of what is multiplied are float32.
    """
    found = dict(tensors)
    cores = {name: found.pop(name) for name in CORES if name in found}
    try:
        for name, core in cores.items():
            if name == "lora_mid.weight":
                found["lora_down.weight"] = _inputs(core, found["lora_down.weight"].flatten(1))
            else:
                outputs, inputs = f"{_FACTORS[name]}_a", f"{_FACTORS[name]}_b"
                found[outputs] = found[outputs].mT.contiguous()  # (r, O) in this form
                found[inputs] = _inputs(core, found[inputs]).flatten(1)
    except (KeyError, RuntimeError):
        return None
    return found


def _inputs(core: Tensor, side: Tensor) -> Tensor:
    """The core (r, r, k, k) and the input's side (r, I) as one, (r, I, k, k)."""
    return torch.einsum("rskl,si->rikl", core.float(), side.float())
