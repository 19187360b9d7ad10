"""Folders of this computer, cut from the texts that go into a file which others will have."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from core.config.schema.option import walk
from core.config.schema.run import RunConfig


def cut(texts: Mapping[str, str], folders: Iterable[Path]) -> dict[str, str]:
    """The texts without the folders: of a path in one of them the rest stays, of one itself dots."""
    known = {str(folder) for folder in folders if folder != folder.parent}
    written = {name for path in known for name in (path, path.replace("\\", "\\\\"), path.replace("\\", "/"))}
    if not written:
        return dict(texts)
    either = "|".join(map(re.escape, sorted(written, key=len, reverse=True)))
    pattern = re.compile(rf"(?:{either})(?:([/\\]+)|(?![\w.-]))", re.IGNORECASE if os.name == "nt" else 0)
    return {name: pattern.sub(lambda found: "" if found[1] else "...", text) for name, text in texts.items()}


def folders_of(config: RunConfig) -> Iterator[Path]:
    """Where what the options name lies, where the run was started, and the user's own folder."""
    yield from (Path.home(), Path.cwd())
    for option in walk(RunConfig):
        if option.meta.path:
            value = option.value_in(config)
            for name in value if isinstance(value, tuple) else (value,):
                if name:
                    yield Path(os.path.abspath(os.path.expanduser(str(name)))).parent
