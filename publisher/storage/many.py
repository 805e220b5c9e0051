"""Many texts as one parameter: a statement with them is built once, however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import JSON, ColumnElement, String, TableValuedAlias, cast, column, func, literal
from sqlalchemy.orm import Session


def texts(session: Session, given: Iterable[str]) -> TableValuedAlias:
    """Return a table with one column, `value`, that holds these texts in their order."""
    return table(session.get_bind().dialect.name, literal(written(given), String))


def written(given: Iterable[str]) -> str:
    """Return texts as the one that `table` takes."""
    return json.dumps(list(given))


def table(dialect: str, given: ColumnElement[str]) -> TableValuedAlias:
    """Return the same for a statement that is built beforehand."""
    if dialect == "postgresql":
        each = func.json_array_elements_text(cast(given, JSON))
    else:
        each = func.json_each(given)
    return each.table_valued(column("value", String), name="each")
