"""A run: from a checked run file to a trained model."""
