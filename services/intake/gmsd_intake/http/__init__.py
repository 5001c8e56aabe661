"""The public API: Dutch paths and fields, NL API Design Rules."""
