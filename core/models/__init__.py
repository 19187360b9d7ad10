"""What a model is: its parts in memory and the functions on them, one folder for each family."""
