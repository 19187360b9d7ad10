"""Import every JSON preset in a folder of kohya_ss and print what becomes of it.

    python -m bench.presets_of_kohya_ss KOHYA_SS/presets

One line for each file: its family, method and number of settings, or why it is refused; below it what was not
taken. Ends with 1 if a file could not be read at all, which no preset may be. The files are kohya_ss's own
(https://github.com/bmaltais/kohya_ss) and not part of this project.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core.config.imports.read_any import import_text
from core.errors import UserError


def main(folder: Path) -> int:
    taken = refused = 0
    unread: list[str] = []
    for path in sorted(folder.rglob("*.json")):
        try:
            found = import_text(path.read_text("utf-8-sig"))
        except UserError as error:
            refused += 1
            unread += [path.name for problem in error.problems if problem.code != "E-IMPORT-FAMILY"][:1]
            print(f"refused   {path.name}: {' / '.join(p.text('en') for p in error.problems)}")
            continue
        taken += 1
        values = found.values
        family, method = values.get("model.family", "auto"), values["network.method"]
        print(f"{family:9} {path.name}: {method}, {len(values)} settings")
        for problem in found.report:
            if problem.code not in ("I-IMPORT-TAKEN", "W-CFG-READ-AS"):
                print(f"          {problem.text('en')}")
    print(f"{taken} imported, {refused} refused by their family, {len(unread)} not read {unread or ''}")
    return 1 if unread else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
