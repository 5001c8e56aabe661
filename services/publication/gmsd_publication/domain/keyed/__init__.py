"""Keyed rounding of a national release: its models, its memory of earlier releases, and the people who prove it."""
