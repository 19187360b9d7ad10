"""More metadata for a .safetensors file that is there; its tensors are copied and not read."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path

from core.formats import partial_files


def add(path: Path, texts: Mapping[str, str]) -> bool:
    """Put texts beside those that the file has; whether that was done, else it is as it was.

    The file is one that was just written here, whose header is not checked. It is written anew beside its
    place and renamed, so that at every moment one of both is there.
    """
    with partial_files.beside(path) as part:
        try:
            with path.open("rb") as source, part.open("wb") as file:
                table = json.loads(source.read(struct.unpack("<Q", source.read(8))[0]))
                table["__metadata__"] = {**table.get("__metadata__", {}), **texts}
                header = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
                header += b" " * (-len(header) % 8)
                file.write(struct.pack("<Q", len(header)) + header)
                shutil.copyfileobj(source, file, 1 << 20)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except (OSError, ValueError, RecursionError, struct.error):  # full, held by others, or written over
            return False
        finally:
            part.unlink(missing_ok=True)
    return True
