"""Items made by a thread before they are asked for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import TypeVar

from core.patience import POLL_SECONDS, Patience

JOIN_SECONDS = 2.0
"""How long the thread that reads ahead may take to end; a large image is read and resized in less."""

Item = TypeVar("Item")


def ahead(items: Iterator[Item], depth: int, patience: Patience | None = None) -> Generator[Item]:
    """The same items, made by a thread up to `depth` of them in front; its exceptions come out here.

    patience: of one who waits for an item. A thread whose read a drive does not answer is left behind.
    """
    patience = Patience() if patience is None else patience
    made: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(maxsize=depth)
    is_over = threading.Event()

    def put(item: Item | None, error: BaseException | None) -> bool:
        while not is_over.is_set():
            try:
                made.put((item, error), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item, None):
                    return
            put(None, StopIteration())
        except BaseException as e:  # whatever it is, it is raised again where the item was wanted
            put(None, e)

    worker = threading.Thread(target=work, name="rareword-read-ahead", daemon=True)
    worker.start()
    try:
        while True:
            try:
                item, error = made.get(timeout=POLL_SECONDS)
            except queue.Empty:
                patience.poll([worker])
                continue
            patience.over()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]  # None is an item only when the iterator gave it
    finally:
        is_over.set()
        worker.join(JOIN_SECONDS)
