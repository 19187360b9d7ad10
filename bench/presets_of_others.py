"""Import every settings file of other trainers in some folders and print what becomes of it.

    python -m bench.presets_of_others ONETRAINER/training_presets AI_TOOLKIT/config SIMPLETUNER

One line for each file: its family, method and number of settings, or why it is refused; below it what was not
taken. Ends with 1 if a file could not be read at all, which no settings file may be. The files are the other
projects' own (https://github.com/Nerogar/OneTrainer, https://github.com/ostris/ai-toolkit,
https://github.com/bghira/SimpleTuner) and not part of this project.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from core.config.imports.read_any import import_text
from core.errors import UserError

_ENDINGS = (".json", ".yaml", ".yml", ".env", ".example")
_OTHER_FILES = re.compile(r"lycoris_config|user_prompt_library|prompts\.json|caption_filter|default\.json")
"""Files of SimpleTuner that belong to settings and are none."""
_REFUSED = ("E-IMPORT-FAMILY", "E-IMPORT-IMAGES", "E-IMPORT-EMPTY", "W-IMPORT-LEFT")
"""Codes of refusals that name what the settings are for."""


def files(folders: list[Path]) -> Iterator[Path]:
    """The settings files in these folders."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in _ENDINGS and not _OTHER_FILES.search(path.name):
                yield path


def main(folders: list[Path]) -> int:
    taken = refused = 0
    unread: list[str] = []
    for path in files(folders):
        try:
            found = import_text(path.read_text("utf-8-sig"))
        except UserError as error:
            refused += 1
            unread += [str(path) for problem in error.problems if problem.code not in _REFUSED][:1]
            print(f"refused   {path.name}: {' / '.join(p.text('en') for p in error.problems)}")
            continue
        taken += 1
        family = found.values.get("model.family", "auto")
        method = found.values.get("network.method", "images only")
        print(f"{family:9} {path.parent.name}/{path.name}: {method}, {len(found.values)} settings")
        for problem in found.report:
            if problem.code not in ("I-IMPORT-TAKEN", "W-CFG-READ-AS", "I-IMPORT-PROGRAM"):
                print(f"          {problem.text('en')}")
    print(f"{taken} imported, {refused} refused, {len(unread)} not read")
    for name in unread:
        print(f"          {name}")
    return 1 if unread else 0


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
