"""How the handlers of this tab are bound to their events."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

PRIVATE: Mapping[str, Any] = MappingProxyType({"api_visibility": "private", "show_progress": "hidden"})


def queued(name: str, trigger_mode: str = "once") -> dict[str, Any]:
    """For handlers that take seconds: up to four pages at a time, past the queue of the others."""
    return {**PRIVATE, "concurrency_id": name, "concurrency_limit": 4, "trigger_mode": trigger_mode}
