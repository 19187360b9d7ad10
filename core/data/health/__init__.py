"""What may be wrong with a set of images: measured, cached, reported. Nothing is changed here."""
