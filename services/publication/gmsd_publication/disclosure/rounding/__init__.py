"""Controlled rounding: multiples of the base that add up, as near as possible to targets."""
