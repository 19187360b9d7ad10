"""Adapters: small weights that are trained in place of a model's own. Knows no family and no file."""
