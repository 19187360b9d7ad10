"""Taggers of a few bytes: the mean colour of an image times a matrix, as an ONNX graph made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def save_tagger(
    folder: Path,
    tags: list[tuple[str, str]],
    weights: Any,
    *,
    side: int | str = 8,
    batch: int | str = "batch",
    layout: str = "nhwc",
    mask: bool = False,
) -> Path:
    """A folder with model.onnx and selected_tags.csv. tags: name and category, as in the file.

    weights: (3, tags), for the channels in the order that they are fed. The scores are raw.
    mask: it has a second input, a mask, by which the image is multiplied before.
    """
    from onnx import TensorProto, helper, numpy_helper, save_model

    shape = [batch, side, side, 3] if layout == "nhwc" else [batch, 3, side, side]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)]
    nodes, now = [], "input"
    if layout == "nhwc":
        nodes.append(helper.make_node("Transpose", [now], ["chw"], perm=[0, 3, 1, 2]))
        now = "chw"
    if mask:
        inputs.append(helper.make_tensor_value_info("mask", TensorProto.BOOL, [batch, side, side]))
        nodes += [
            helper.make_node("Cast", ["mask"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["number", "axis"], ["plane"]),
            helper.make_node("Mul", [now, "plane"], ["masked"]),
        ]
        now = "masked"
    nodes += [
        helper.make_node("GlobalAveragePool", [now], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
    ]
    constants = [numpy_helper.from_array(np.asarray(weights, np.float32), "weights")]
    if mask:
        constants.append(numpy_helper.from_array(np.array([1], np.int64), "axis"))
    output = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, len(tags)])
    graph = helper.make_graph(nodes, "tagger", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder.mkdir(parents=True, exist_ok=True)
    save_model(model, str(folder / "model.onnx"))
    rows = [f"{n},{name},{category},1" for n, (name, category) in enumerate(tags)]
    (folder / "selected_tags.csv").write_text("\n".join(["tag_id,name,category,count", *rows]), "utf-8")
    return folder
