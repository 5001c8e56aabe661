"""The benchmarks, at sizes at which nothing is measured: that they run, and that the baseline computes the same."""
