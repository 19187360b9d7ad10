"""Every tool of the console and of the Tools tab. A new one is a file in this folder and a line here."""

from __future__ import annotations

from typing import Any

from core.tools import caption, convert, hub_upload, inspect, lr_range, regularize_plan, resize, utf8
from core.tools.tool import Tool

TOOLS: dict[str, Tool[Any]] = {
    tool.name: tool
    for tool in (
        convert.TOOL,
        inspect.TOOL,
        resize.TOOL,
        caption.TOOL,
        regularize_plan.TOOL,
        utf8.TOOL,
        lr_range.TOOL,
        hub_upload.TOOL,
    )
}
