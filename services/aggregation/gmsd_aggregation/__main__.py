"""`python -m gmsd_aggregation`."""

from gmsd_aggregation.app import build
from gmsd_chassis.service import run_service

if __name__ == "__main__":
    run_service(build)
