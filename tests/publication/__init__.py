"""Publication."""
