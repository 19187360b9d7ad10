"""How files of weights are laid out: identified, read and written. Loads no module of a model."""
