"""Models that say how alike images are, and scores made of that; nothing is drawn or trained here."""
