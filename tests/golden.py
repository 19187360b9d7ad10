"""Names and shapes of real models, as sd-scripts writes them: no weights."""

import gzip
import json
from pathlib import Path

FOLDER = Path(__file__).parent / "models" / "golden"


def names(which: str) -> dict:
    """The list of that name. ldm_keys_*: tensor -> shape; lora_names_*: module -> "down" and "up" shape."""
    return json.loads(gzip.decompress((FOLDER / f"{which}.json.gz").read_bytes()))
