"""The options of a run on the page: widgets, cards, presets, what they mean together."""
