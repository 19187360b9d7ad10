"""From an image file to pixels: decode, verify, load. Knows no folders and no plan."""
