"""Query parameters: read, checked, and refused with the parameter's name and what is allowed. Never with what was sent."""

from collections.abc import Sequence

from starlette.requests import Request

from gmsd_chassis.http.problem import Fault
from gmsd_publication.errors import Problem


class Query:
    """The parameters of one request; `done` raises Problem 400 with every fault at once."""

    def __init__(self, request: Request, known: Sequence[str]) -> None:
        self._params = request.query_params
        self._faults: list[Fault] = []
        if not set(self._params.keys()) <= set(known):
            names = ", ".join(known) if known else "geen"
            self._faults.append(Fault("query", f"Onbekende parameter. Toegestaan: {names}."))

    def one(self, name: str, allowed: Sequence[str] | None = None, default: str | None = None) -> str | None:
        """A parameter that may stand once."""
        given = self._params.getlist(name)
        if len(given) > 1:
            self._faults.append(Fault(name, "Deze parameter mag één keer voorkomen."))
        if not given or (given[0] == "" and allowed is None):
            return default
        if allowed is not None and given[0] not in allowed:
            self.refuse(name, allowed)
            return default
        return given[0]

    def many(self, name: str, allowed: Sequence[str] | None = None) -> list[str]:
        """A parameter that may be repeated, or hold values with commas between them."""
        given = [value for text in self._params.getlist(name) for value in text.split(",") if value]
        if allowed is not None and not set(given) <= set(allowed):
            self.refuse(name, allowed)
            return []
        return list(dict.fromkeys(given))

    def refuse(self, name: str, allowed: Sequence[str]) -> None:
        """This parameter has a value that is not one of `allowed`."""
        self._faults.append(Fault(name, f"Toegestaan: {', '.join(allowed)}."))

    def fault(self, name: str, text: str) -> None:
        """This parameter is wrong for another reason."""
        self._faults.append(Fault(name, text))

    def done(self) -> None:
        """Raise what was found."""
        if self._faults:
            raise Problem("verzoek-ongeldig", faults=self._faults)
