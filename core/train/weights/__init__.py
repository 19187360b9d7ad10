"""What is trained: adapters, optimizer, update, EMA. Knows no images, and nothing of what is saved."""
