"""From a command line to a page that may be looked at: start, server, access. Knows nothing of training."""
