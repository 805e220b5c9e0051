"""How alembic meets our database: always on the connection that migrate() hands over."""

from __future__ import annotations

from alembic import context

from publisher.model import alarm, delivery, item, lane, note, people, review, target
from publisher.model.base import Base

# imported, so that metadata is complete
RECORDS = (alarm, delivery, item, lane, note, people, review, target)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
