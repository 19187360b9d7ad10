"""What a step is fed: batches, latents, text states, masks. Nothing here is trained."""
