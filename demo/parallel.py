"""Two processes of one thread each: on a small CPU they do more of this work than one of two threads."""

import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed


def start(work: Callable, args, processes: int) -> None:
    """Run work(args, rank, processes) in that many processes."""
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        torch.multiprocessing.spawn(begin, (work, args, processes, str(meeting)), nprocs=processes)


def begin(rank: int, work: Callable, args, processes: int, meeting: str) -> None:
    # gloo looks up the machine's own name to find an address, which need not resolve
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{meeting}",
        rank=rank,
        world_size=processes,
        timeout=timedelta(minutes=20),
    )
    work(args, rank, processes)
    distributed.destroy_process_group()


def average(parameters: list[torch.Tensor], values: list[float]) -> list[float]:
    """Set every gradient to its mean over the processes; returns the means of the given numbers too."""
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([g.reshape(-1) for g in gradients] + [torch.tensor(values)])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    start_ = 0
    for p, g in zip(parameters, gradients, strict=True):
        if p.grad is None:
            p.grad = g
        p.grad.copy_(flat[start_ : start_ + g.numel()].view(g.shape))
        start_ += g.numel()
    return flat[start_:].tolist()
