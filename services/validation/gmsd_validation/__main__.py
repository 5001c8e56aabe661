"""`python -m gmsd_validation`."""

from gmsd_chassis.service import run_service
from gmsd_validation.app import build

if __name__ == "__main__":
    run_service(build)
