"""The optimizer of the base training: Muon for matrices and convolutions, AdamW for everything else."""

import torch


def orthogonal(update: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The nearest half-orthogonal matrices, roughly, by Newton-Schulz; (N, rows, columns) in and out.

    Source: Jordan et al. 2024, kellerjordan.github.io/posts/muon.
    """
    tall = update.shape[1] > update.shape[2]
    x = update.transpose(1, 2) if tall else update
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix-shaped updates are made orthogonal; equal shapes are worked on together."""

    def __init__(self, parameters, lr: float, momentum: float = 0.95, weight_decay: float = 0.01):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            by_shape: dict[tuple, list] = {}
            for p in group["params"]:
                if p.grad is not None:
                    by_shape.setdefault((p.shape[0], p[0].numel()), []).append(p)
            for shape, members in by_shape.items():
                self.step_shape(shape, members, group)

    def step_shape(self, shape: tuple[int, int], members: list, group: dict) -> None:
        updates = []
        for p in members:
            state = self.state[p]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(p)
            kept = state["momentum"].lerp_(p.grad, 1 - group["momentum"])
            updates.append(p.grad.lerp(kept, group["momentum"]).reshape(shape))
        made = orthogonal(torch.stack(updates))
        # an update of the size AdamW has, so that one learning rate serves both (arXiv:2502.16982)
        size = 0.2 * max(shape) ** 0.5
        for p, update in zip(members, made, strict=True):
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(update.view(p.shape), alpha=-group["lr"] * size)


def optimizers(
    named_parameters, muon_lr: float, adam_lr: float, plain: tuple[str, ...]
) -> list[torch.optim.Optimizer]:
    """Muon for weights of two or more dimensions; AdamW for the rest and for names holding one of `plain`."""
    matrices, others = [], []
    for name, p in named_parameters:
        is_matrix = (
            p.ndim >= 2 and min(p.shape[0], p[0].numel()) > 4 and not any(word in name for word in plain)
        )
        (matrices if is_matrix else others).append(p)
    made: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, lr=adam_lr, betas=(0.9, 0.98), weight_decay=1e-4)
    ]
    if matrices:
        made.append(Muon(matrices, lr=muon_lr))
    for optimizer in made:
        for group in optimizer.param_groups:
            group["full_lr"] = group["lr"]
    return made
