"""Somebody who wants to know what a publication hides (disclosure.md 5.4).

Has what is printed, how the cells hang together, and the rule; never the truth, never the key. Shares no code with the
library on purpose: a mistake in how the library reasons must not be repeated here. Nothing in this package imports it.
"""
