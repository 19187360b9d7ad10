"""The run file: check, presets, other trainers' names; declarations and rules are in the rooms."""
