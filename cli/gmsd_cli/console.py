"""Where the command line speaks."""

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
"""Results and progress: stdout."""
errors = Console(stderr=True, highlight=False, soft_wrap=True)
"""What went wrong: stderr."""
