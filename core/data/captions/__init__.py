"""Caption files and what is drawn from a caption in a step. No torch, no tokenizer."""
