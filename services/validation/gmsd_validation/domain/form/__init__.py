"""The form of a file: bytes, encoding, header, rows."""
