"""Every tool of the console and of the Tools tab. A new one is a file in this folder and a line here."""

from __future__ import annotations

from typing import Any

from core.tools import (
    caption,
    compare_plan,
    convert,
    convert_adapter,
    extract,
    hub_upload,
    inspect,
    judge_plan,
    layers,
    lr_range,
    merge_adapters,
    merge_model,
    regularize_plan,
    resize,
    resize_adapter,
    utf8,
    weights,
)
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
        merge_model.TOOL,
        merge_adapters.TOOL,
        resize_adapter.TOOL,
        convert_adapter.TOOL,
        extract.TOOL,
        weights.TOOL,
        layers.TOOL,
        compare_plan.TOOL,
        judge_plan.TOOL,
    )
}
