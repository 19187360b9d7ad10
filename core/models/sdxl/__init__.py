"""Stable Diffusion XL: what it does otherwise than the models before it. Its files are read by core.models.sd."""
