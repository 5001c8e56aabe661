"""What the shape costs: the platform beside its own pure functions and beside one Polars script."""
