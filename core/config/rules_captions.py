"""What options on captions must not be together: config -> problems."""

from __future__ import annotations

from collections.abc import Iterator

from core.config.schema import RunConfig
from core.errors import Problem


def separators_differ(config: RunConfig) -> Iterator[Problem]:
    """The other separators would be cut apart before they are looked for."""
    data = config.dataset
    for name in ("keep_tokens_separator", "secondary_separator"):
        value = getattr(data, name)
        if value is None or not data.caption_separator:
            continue
        if (name == "secondary_separator" and data.caption_separator in value) or (
            value == data.caption_separator
        ):
            yield Problem(
                "E-CFG-TOGETHER",
                f"must not hold caption_separator ({data.caption_separator!r}), found {value!r}; "
                "choose another one, such as `;;;`.",
                f"caption_separator（{data.caption_separator!r}）を含められません（値：{value!r}）。"
                "「;;;」などにしてください。",
                key=f"dataset.{name}",
            )
    if data.secondary_separator is not None and data.secondary_separator == data.keep_tokens_separator:
        yield Problem(
            "E-CFG-TOGETHER",
            f"must differ from keep_tokens_separator ({data.keep_tokens_separator!r}).",
            f"keep_tokens_separator（{data.keep_tokens_separator!r}）と異なるものにしてください。",
            key="dataset.secondary_separator",
        )


RULES = (separators_differ,)
