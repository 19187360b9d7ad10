"""What a training writes: models, states, samples, metadata. Names and places are in core.runs."""
