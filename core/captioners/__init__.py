"""Models that say what is in an image, and the rules of their texts; no caption file is touched here."""
