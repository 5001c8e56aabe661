"""What the gmsd services say to each other. Imports pydantic, pyarrow and the standard library only."""
