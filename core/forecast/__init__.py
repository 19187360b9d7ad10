"""How much memory and time a run will take, from its settings, before it starts. No torch."""
