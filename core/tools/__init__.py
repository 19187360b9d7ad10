"""What is done with files beside training; each tool for itself, none knows another."""
