"""What Stable Diffusion XL does otherwise than the models before it; its files are read by core.models.sd."""
