"""A run, from a checked run file to a trained model: loop and record; the parts are in the rooms."""
