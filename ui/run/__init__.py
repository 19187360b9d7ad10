"""The run panel: steering a run and seeing it. Knows no tab."""
