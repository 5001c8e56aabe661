"""The `gmsd` command, as it is typed."""
