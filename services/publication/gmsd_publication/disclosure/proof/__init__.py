"""The proof that goes out with a release, and the check that stays inside."""
