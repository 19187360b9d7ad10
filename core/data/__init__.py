"""What is trained on, in which order and at which size: decided on plain data, without torch."""
