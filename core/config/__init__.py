"""The run file: its declarations, its checker, its writer."""
