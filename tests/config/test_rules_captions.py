"""Options on captions that exclude each other."""

import pytest

from core.config.check import check
from core.errors import ConfigError

FILE = "[model]\nbase = 'b'\n[dataset]\ntrain_data_dir = 't'\n"


def keys(lines: str) -> list[str]:
    try:
        check(FILE + lines)
    except ConfigError as error:
        return [problem.key for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("secondary_separator = ',,'", ["dataset.secondary_separator"]),
        ("secondary_separator = ';'\ncaption_separator = ';'", ["dataset.secondary_separator"]),
        ("keep_tokens_separator = ','", ["dataset.keep_tokens_separator"]),
        ("keep_tokens_separator = '|||'\nsecondary_separator = '|||'", ["dataset.secondary_separator"]),
        ("keep_tokens_separator = '|||'\nsecondary_separator = ';;;'", []),
        ("keep_tokens_separator = ',|,'", []),
    ],
)
def test_a_separator_that_would_never_be_found_is_refused(lines, found):
    assert keys(lines) == found
