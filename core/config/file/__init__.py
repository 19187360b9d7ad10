"""The text of settings files: TOML and JSON, with the line of each key. Knows the meaning of no option."""
