"""Several things at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of it in threads that start together; return what each gave, or the exception."""
    together = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        together.wait()
        try:
            return act()
        except Exception as error:  # noqa: BLE001  # the test looks at it
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def failures(results: list[object]) -> list[object]:
    """Return what went wrong."""
    return [result for result in results if isinstance(result, Exception)]
