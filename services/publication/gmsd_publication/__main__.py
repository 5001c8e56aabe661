"""`python -m gmsd_publication`."""

from gmsd_chassis.service import run_service
from gmsd_publication.app import build

if __name__ == "__main__":
    run_service(build)
