"""The system's dialog for a file or a folder, in a process of its own: python -m ui.window.pick KIND LANG.

Tk wants the main thread and leaves dead windows where it does not get it. Prints {"path": ...} as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from core.catalog import LANGS, Words

KINDS: Mapping[str, Words] = {
    "model": Words("Choose a model file", "モデルファイルを選択"),
    "folder": Words("Choose a folder", "フォルダーを選択"),
    "images": Words("Choose a ZIP or an image", "ZIPまたは画像を選択"),
}
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "model": (".safetensors", ".ckpt", ".pt", ".bin"),
    "images": (".zip", ".png", ".jpg", ".jpeg", ".webp", ".bmp"),
}


def ask(kind: str, lang: str) -> str:
    """What a user chose, or "" when the dialog was closed."""
    from tkinter import Tk, filedialog

    root = Tk()
    root.withdraw()
    root.attributes("-topmost", True)
    words = KINDS[kind]
    title = words.of(next((known for known in LANGS if known == lang), "en"))
    if kind == "folder":
        return str(filedialog.askdirectory(parent=root, title=title, mustexist=True) or "")
    types = [(title, " ".join(f"*{ending}" for ending in _ENDINGS[kind])), ("*", "*")]
    return str(filedialog.askopenfilename(parent=root, title=title, filetypes=types) or "")


def main(arguments: list[str]) -> int:
    """Ask and print; the exit code is 2 for a kind that is none."""
    if len(arguments) != 2 or arguments[0] not in KINDS:
        return 2
    print(json.dumps({"path": ask(*arguments)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
