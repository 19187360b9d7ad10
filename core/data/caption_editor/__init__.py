"""Captions edited in bulk, with a history: for the window; training never comes here."""
