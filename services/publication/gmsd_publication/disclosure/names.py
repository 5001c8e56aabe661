"""Names made when asked for: a nation has two million cells and none of them fails."""

from collections.abc import Callable, Sequence

from gmsd_publication.disclosure.model import Ints


class Names(Sequence[str]):
    """So many names, each from its number."""

    def __init__(self, length: int, name: Callable[[int], str]) -> None:
        self._length, self._name = length, name

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        if not 0 <= index < self._length:
            raise IndexError(index)
        return self._name(int(index))


def picked(names: Sequence[str], order: Ints) -> Names:
    """Some of them, in this order."""
    return Names(len(order), lambda index: names[int(order[index])])


def joined(first: Sequence[str], second: Sequence[str]) -> Names:
    """One list after the other."""
    size = len(first)
    return Names(size + len(second), lambda index: first[index] if index < size else second[index - size])
