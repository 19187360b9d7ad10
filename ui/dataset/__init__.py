"""The Dataset tab: folders, images, captions. Knows no other tab."""
