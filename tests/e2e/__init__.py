"""The whole platform, as its users use it."""
