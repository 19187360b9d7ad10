"""Small add-ons that are trained in place of a model's own weights."""
