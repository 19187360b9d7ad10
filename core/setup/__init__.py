"""Installs what the program needs. Runs before anything is installed: standard library only."""
