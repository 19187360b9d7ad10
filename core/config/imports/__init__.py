"""Other trainers' settings -> ours: formats and flags. What their names mean is in config/sd_scripts.py."""
