"""Sends of an account that people made by hand, and screenshots of what they saw"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outside_send",
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("remote_id", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lane", "remote_id", name=op.f("pk_outside_send")),
    )
    # in one statement: SQLite cannot add a constraint afterwards
    op.execute(
        "ALTER TABLE observation ADD COLUMN picture VARCHAR(64) "
        "CONSTRAINT fk_observation_picture_medium REFERENCES medium (digest)"
    )
