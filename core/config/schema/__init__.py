"""What may be set: one declaration per option, a file per section. No check across options, no files read."""
