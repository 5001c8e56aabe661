"""One module per event and version."""
