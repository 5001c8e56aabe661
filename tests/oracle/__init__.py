"""An independent computation of every figure, written from docs/counting.md and indicators.md alone.

It shares no code with the services: it reads the delivered files itself, knows the code lists by its own tables, and
merges, places and counts in the plainest way. Slow where slow is clearer.
"""
