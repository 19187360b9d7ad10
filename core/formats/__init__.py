"""How files of weights are laid out: what they are, and how they are read and written."""
