"""The rules: one declaration each."""
