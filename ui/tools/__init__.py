"""The Tools tab, a card each."""
