"""Sizes that a training keeps to and the forecast of its memory counts with."""

CACHED_LATENTS_ON_GPU = 2 * 2**30
"""Bytes of cached latents that lie on the GPU; more of them wait in RAM."""

KEPT_TEXT_STATES = 2**30
"""Bytes of encoded captions that lie on the device; SDXL's take 311 KiB each in half precision."""

ROUNDING_PIECE = 64 * 2**20
"""Weights in half precision, and their gradients, of about so many bytes in float32 are updated at a time."""
