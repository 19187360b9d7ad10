"""Times the window's preview of many images: the first scan, the second look, the page meanwhile.

    python -m bench.preview [--images 1000] [--folder FOLDER] [--write]

Makes different JPEG files of mixed sizes, 0.9 to 1.9 megapixels each, unless FOLDER has them already.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.runner import Runner
from ui.app import App
from ui.serve import server
from ui.window import PROJECT, Window
from ui.window.paths import Paths

RESULT = PROJECT / "bench" / "results" / "preview.json"
SHAPES = (
    *((1024, 1024), (1216, 832), (832, 1216), (1344, 768)),
    *((768, 1344), (1500, 1000), (1200, 1600), (1280, 720)),
)


def draw(job: tuple[Path, int]) -> None:
    """One image: clouds of many scales with hard edges in them, sensor noise on top."""
    path, number = job
    draws = np.random.default_rng(number)
    width, height = SHAPES[number % len(SHAPES)]
    image = np.zeros((height, width, 3), np.float32)
    for cells in (3, 7, 17, 45, 121):
        coarse = draws.normal(128, 90, (cells, cells, 3)).clip(0, 255).astype(np.uint8)
        image += np.asarray(Image.fromarray(coarse).resize((width, height)), np.float32) / 5
    edge = image[..., 0] > image[..., 1]
    image[edge] = 255 - image[edge] * 0.8
    image += draws.normal(0, 4, image.shape).astype(np.float32)
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(path, quality=90)


def make(folder: Path, count: int) -> None:
    """The training folder below `folder`."""
    target = folder / "1_sls thing"
    target.mkdir(parents=True, exist_ok=True)
    jobs = [(target / f"{n:04}.jpg", n) for n in range(count)]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(draw, [job for job in jobs if not job[0].is_file()], chunksize=10))


def look(app: App, raw: dict[str, Any]) -> tuple[float, int]:
    """Seconds of one look, and how many images it puts on the page."""
    start = time.perf_counter()
    *_, last = app.preview.look(raw, "en")
    return time.perf_counter() - start, last[app.preview.parts["fields"]].count("<figure")


class Asking(threading.Thread):
    """Asks the served page again and again; `slowest` is the longest answer in seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url, self._is_over = url, threading.Event()
        self.slowest, self.answers = 0.0, 0

    def run(self) -> None:
        while not self._is_over.wait(0.1):
            start = time.perf_counter()
            urllib.request.urlopen(self._url, timeout=60).read()
            self.slowest = max(self.slowest, time.perf_counter() - start)
            self.answers += 1

    def stop(self) -> None:
        """Ask no more."""
        self._is_over.set()
        self.join()


def measured(folder: Path, scratch: Path) -> dict[str, Any]:
    """First and second look in one window, and the first in another one after a restart."""
    result: dict[str, Any] = {}
    for name in ("first_scan", "second_look", "after_restart"):
        if name != "second_look":
            cache = Path(tempfile.mkdtemp(dir=scratch))
            window = Window(Paths(PROJECT, scratch / "workspace", (folder,)), cache, runner=Runner())
            app = App(window)
            served = server.serve(window, "127.0.0.1", server.listening_socket("127.0.0.1", None), None)
            raw = app.form.shown(window.demo_values()) | {
                "dataset.train_data_dir": str(folder),
                "dataset.reg_data_dir": "",
                "dataset.resolution": "512",
                "dataset.min_bucket_reso": 256,
                "dataset.max_bucket_reso": 1024,
            }
        asking = Asking(served.url)
        asking.start()
        seconds, shown = look(app, raw)
        asking.stop()
        result[name] = {
            "seconds": round(seconds, 2),
            "slowest_answer_meanwhile_seconds": round(asking.slowest, 2),
            "answers_meanwhile": asking.answers,
            "shown": shown,
        }
        if name != "first_scan":
            served.close()
    return result


def main() -> None:
    """Make the images, measure, print, and with --write keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch) / "images"
        make(folder, args.images)
        result = {
            "images": args.images,
            "processors": os.cpu_count(),
            "machine": platform.machine(),
            **measured(folder, Path(scratch)),
        }
    text = json.dumps(result, indent=1)
    print(text)
    if args.write:
        RESULT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
