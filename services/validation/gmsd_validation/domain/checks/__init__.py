"""Checking values and rows."""
