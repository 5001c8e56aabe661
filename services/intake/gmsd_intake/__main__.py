"""`python -m gmsd_intake`."""

from gmsd_chassis.service import run_service
from gmsd_intake.app import build

if __name__ == "__main__":
    run_service(build)
