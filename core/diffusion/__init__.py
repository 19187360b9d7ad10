"""The mathematics of diffusion training: small functions on tensors, each with its paper. No models."""
