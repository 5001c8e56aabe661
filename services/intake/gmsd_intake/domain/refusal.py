"""A decision that says no."""


class Refused(Exception):
    """`slug` names an entry of the error catalogue; `values` fill its template. Never a value out of a file."""

    def __init__(self, slug: str, **values: str) -> None:
        super().__init__(slug)
        self.slug = slug
        self.values = values
