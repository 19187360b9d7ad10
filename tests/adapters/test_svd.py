"""The best approximation of a change, against the decomposition of the whole matrix."""

import pytest
import torch

from core.adapters import svd
from core.adapters.methods import Adapted


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def best(matrix: torch.Tensor, rank: int) -> torch.Tensor:
    left, values, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    return (left[:, :rank] * values[:rank]) @ right[:rank]


def changed(module: Adapted) -> torch.Tensor:
    up, down = svd.product(module)
    return (up @ down).double()


@pytest.mark.parametrize("sides", [(24, 40), (40, 24), (8, 8)])
def test_a_matrix_is_approximated_as_closely_as_its_rank_allows(sides):
    matrix = drawn(*sides)
    made = svd.lora(svd.of_matrix(matrix, 5), 5, sides)
    torch.testing.assert_close(changed(made), best(matrix, 5), rtol=0, atol=1e-5)


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_a_product_is_decomposed_as_its_whole_matrix_is(rank):
    up, down = drawn(30, 6), drawn(6, 50, seed=1)
    spectrum = svd.of_product(up, down)
    torch.testing.assert_close(
        changed(svd.lora(spectrum, rank, (30, 50))), best(up @ down, rank), rtol=0, atol=1e-4
    )
    torch.testing.assert_close(
        spectrum.values, torch.linalg.svdvals(up.double() @ down.double())[:6], rtol=1e-9, atol=0
    )


def test_a_product_of_more_columns_than_the_weight_has_is_decomposed_too():
    up, down = drawn(4, 9), drawn(9, 6, seed=1)
    made = svd.lora(svd.of_product(up, down), 4, (4, 6))
    torch.testing.assert_close(changed(made), (up @ down).double(), rtol=0, atol=1e-5)


def test_the_same_change_gives_the_same_tensors_whatever_its_factors_are():
    up, down = drawn(12, 3), drawn(3, 10, seed=1)
    first = svd.lora(svd.of_product(up, down), 3, (12, 10))
    second = svd.lora(svd.of_product(-2 * up, -down / 2), 3, (12, 10))
    third = svd.lora(svd.of_matrix(up @ down, 3), 3, (12, 10))
    for name, tensor in first.tensors.items():
        torch.testing.assert_close(second.tensors[name], tensor, rtol=0, atol=1e-5)
        torch.testing.assert_close(third.tensors[name], tensor, rtol=0, atol=1e-5)


def test_no_change_at_all_is_a_lora_of_zeros():
    spectrum = svd.of_matrix(torch.zeros(4, 6), 4)
    made = svd.lora(spectrum, svd.Sizing(4, "frobenius", 0.9).rank(spectrum.values), (4, 6))
    assert made.rank == 1 and not changed(made).any() and svd.kept(spectrum.values, 1) == 1


@pytest.mark.parametrize(
    ("sizing", "rank"),
    [
        (svd.Sizing(2), 2),
        (svd.Sizing(9), 4),
        (svd.Sizing(9, "ratio", 3.0), 2),  # above 4/3 are 4 and 2
        (svd.Sizing(9, "cumulative", 0.75), 2),  # (4 + 2) / 8
        (svd.Sizing(9, "cumulative", 0.76), 3),
        (svd.Sizing(9, "frobenius", 0.95), 2),  # sqrt(20 / 22) = 0.953
        (svd.Sizing(9, "frobenius", 0.96), 3),
        (svd.Sizing(1, "frobenius", 0.96), 1),
        (svd.Sizing(9, "cumulative", 1.0), 4),
    ],
)
def test_the_rank_follows_from_the_values(sizing, rank):
    assert sizing.rank(torch.tensor([4.0, 2.0, 1.0, 1.0], dtype=torch.float64)) == rank


def test_a_convolution_keeps_its_shape():
    change = drawn(6, 4 * 9)
    made = svd.lora(svd.of_matrix(change, 6), 6, (6, 4, 3, 3))
    assert {n: tuple(t.shape) for n, t in made.tensors.items()} == {
        "lora_down.weight": (6, 4, 3, 3),
        "lora_up.weight": (6, 6, 1, 1),
    }
    torch.testing.assert_close(changed(made), change.double(), rtol=0, atol=1e-5)


def test_clamped_numbers_are_none_beyond_the_quantile():
    made = svd.clamped(
        Adapted(
            {"lora_up.weight": torch.tensor([[-9.0], [1.0]]), "lora_down.weight": torch.tensor([[2.0, 3.0]])},
            1.0,
            1,
        ),
        0.67,
    )  # in order -9 1 2 3: the third
    assert made.tensors["lora_up.weight"].flatten().tolist() == [-2, 1]
    assert made.tensors["lora_down.weight"].flatten().tolist() == [2, 2]
