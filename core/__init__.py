"""The training core of Rareword: everything but the window."""
