"""What a delivery is and may become. Pure: no I/O, no clock, no randomness, no framework."""
