"""The device and its arithmetic: placement, precision, loss scale. Knows neither models nor data."""
