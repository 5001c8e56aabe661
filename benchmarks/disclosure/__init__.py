"""`make bench-disclosure`: the goals of disclosure control, measured beside its peers in one run."""
