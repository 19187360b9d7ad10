"""The Dataset tab: folders, pictures, captions."""
