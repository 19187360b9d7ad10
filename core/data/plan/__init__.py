"""Which image is trained when, how often, at which size: from folders to batches. No pixels loaded here."""
