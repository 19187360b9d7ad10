"""What is trained on: the records that its rooms share, and the rooms. Plain data, no torch."""
