"""Where one tensor of a module lies in a single-file checkpoint."""

from __future__ import annotations

from typing import NamedTuple

Shape = tuple[int, ...]

MOST_AXES, LARGEST_SIDE = 64, 2**63 - 1
"""Of a shape, and of the product of its sides; torch's own limits."""


class Slot(NamedTuple):
    """The place of one module tensor in a file.

    name: the tensor's name in the file.
    rows: (i, n) when the file stacks n module tensors along the first axis and this is number i; else None.
    is_conv: the file holds (c, c, 1, 1), a 1x1 convolution, where the module holds the matrix (c, c).
    is_transposed: the file holds the transpose of the module's matrix.
    """

    name: str
    rows: tuple[int, int] | None = None
    is_conv: bool = False
    is_transposed: bool = False

    def shape_in_module(self, in_file: Shape) -> Shape:
        """Shape of the module's tensor, from the shape in the file."""
        if self.rows is not None:
            return (in_file[0] // self.rows[1], *in_file[1:])
        if self.is_transposed:
            return in_file[::-1]
        return in_file[:2] if self.is_conv else in_file

    def shape_in_file(self, in_module: Shape) -> Shape:
        """Shape in the file, from the shape of the module's tensor."""
        if self.rows is not None:
            return (in_module[0] * self.rows[1], *in_module[1:])
        if self.is_transposed:
            return in_module[::-1]
        return (*in_module, 1, 1) if self.is_conv else in_module
