"""`python -m gmsd_validation.regels`: the rule catalogue for deliverers, on standard output."""

import sys

from gmsd_validation.domain.rules.catalogue import page

if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # a TextIOWrapper, whatever the console says
    sys.stdout.write(page())
