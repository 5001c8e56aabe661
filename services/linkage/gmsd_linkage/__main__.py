"""`python -m gmsd_linkage`."""

from gmsd_chassis.service import run_service
from gmsd_linkage.app import build

if __name__ == "__main__":
    run_service(build)
