"""Bringing a user's images in: gather, unpack, copy, rename, undo. Originals are never changed."""
