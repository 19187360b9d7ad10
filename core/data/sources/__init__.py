"""Where images come from: folders, dataset configs, metadata, masks. The plan decides what is trained."""
