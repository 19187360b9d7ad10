"""Stable Diffusion 1 and 2: one code, the differences are facts in core.families. Knows no training."""
