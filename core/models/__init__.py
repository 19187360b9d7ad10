"""What a model is: its parts in memory and the functions on them; a folder for each family."""
