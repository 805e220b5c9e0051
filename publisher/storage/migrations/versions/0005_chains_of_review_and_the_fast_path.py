"""Chains of review by the class of risk, and emergencies that are reviewed later"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LATER = sa.text("expedited_at IS NOT NULL AND reviewed_at IS NULL")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    for column in (
        sa.Column("risk", sa.String(16), nullable=False, server_default=""),
        sa.Column("chain", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("reviewed_at", moment, nullable=True),
        sa.Column("expedited_at", moment, nullable=True),
        sa.Column("expedited_because", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("edition", column)
    # in one statement: SQLite cannot add a constraint afterwards
    op.execute(
        "ALTER TABLE edition ADD COLUMN expedited_by_id INTEGER "
        "CONSTRAINT fk_edition_expedited_by_id_person REFERENCES person (id)"
    )
    op.execute("UPDATE edition SET reviewed_at = approved_at")
    op.create_index(
        "ix_edition_later",
        "edition",
        ["expedited_at"],
        sqlite_where=LATER,
        postgresql_where=LATER,
    )
