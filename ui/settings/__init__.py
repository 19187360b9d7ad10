"""The options of a run on the page: widgets, cards, what they mean together, presets."""
