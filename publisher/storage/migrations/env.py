"""How alembic meets our database: always on the connection that migrate() hands over."""

from __future__ import annotations

from alembic import context

from publisher.model import delivery, item, note, people, review, target
from publisher.model.base import Base

RECORDS = (delivery, item, note, people, review, target)  # imported, so that metadata is complete

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
