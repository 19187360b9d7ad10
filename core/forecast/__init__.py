"""How much memory and time a run will take, worked out from its settings before it starts; no torch."""
