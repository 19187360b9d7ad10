"""Numbers in text are read in one place, so that no reader takes what another refuses."""

import pytest

from core.config.check import check
from core.config.imports.read_any import import_text
from core.config.optimizer_args import parse
from core.config.schema import block_lists, numbers

RUN = "format = 1\nmodel.base = 'm'\ndataset.train_data_dir = 't'\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5", 5), ("-1", -1), ("+7", 7), (" 12 ", 12), ("５", 5), ("－１", -1), ("−1", -1), ("1_000", None),
        ("٣", None), ("²", None),
        ("1.0", None), ("", None), ("9" * 5000, None), ("0x10", None), ("1,000", None),
    ],
)  # fmt: skip
def test_a_whole_number_is_digits_of_any_width_and_nothing_else(text, found):
    assert numbers.whole(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.5", 0.5), ("1e-4", 1e-4), (".5", 0.5), ("5.", 5.0), ("０．０００１", 1e-4), ("1E-4", 1e-4),
        ("nan", None), ("inf", None), ("1e400", None), ("0,5", None), ("0.5x", None), ("1" * 5000, None),
    ],
)  # fmt: skip
def test_a_decimal_number_is_finite(text, found):
    assert numbers.decimal(text) == found


def test_a_share_and_a_size_are_read_in_full_width_in_a_run_file():
    config = check(
        RUN + "optimizer.lr_warmup_steps = '１０％'\ndataset.resolution = '７６８，５１２'\n"
    ).config
    assert (config.optimizer.lr_warmup_steps, config.dataset.resolution) == (0.1, (768, 512))


def test_arguments_and_lists_for_blocks_are_read_in_full_width():
    given = parse(["weight_decay=０．１", "betas=０．９，０．９９"])
    assert given == {"weight_decay": 0.1, "betas": (0.9, 0.99)}
    dims = "，".join("４" * 25)
    assert (
        block_lists.numbers(check(f"{RUN}[network]\nblock_dims = '{dims}'\n").config.network.block_dims)
        == (4,) * 25
    )


def test_an_imported_number_is_read_in_full_width():
    values = import_text("train_network.py --network_dim=１６ --learning_rate １ｅ－４").values
    assert (values["network.rank"], values["train.learning_rate"]) == (16, 1e-4)


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("512", [512, 512]), ("768,512", [768, 512]), ("７６８，５１２", [768, 512]), ("768x512", [768, 512]),
        ("768×512", [768, 512]), ("1,2,3", [1, 2, 3]), ("768,", None), ("a,b", None), ("", None),
        ("7.5", None),
    ],
)  # fmt: skip
def test_the_sides_of_a_size_are_read_in_one_place(text, sides):
    assert numbers.sides(text) == sides
