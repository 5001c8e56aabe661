"""The `gmsd` command and the platform on one machine that it runs."""
