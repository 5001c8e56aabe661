"""What every gmsd service needs to live on the bus, and nothing of the domain. Imports contracts, no service."""
