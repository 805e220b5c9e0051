"""What nobody has to decide any more, and an index for what is reviewed later"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LATER = sa.text("expedited_at IS NOT NULL AND reviewed_at IS NULL")
UNDECIDED = sa.text("state IN ('failed', 'missed') AND decided_at IS NULL")
DECIDED = """
    UPDATE delivery SET decided_at = ended_at
    WHERE state IN ('failed', 'missed') AND ended_at IS NOT NULL AND (
        advice = '已决定不再发，无需处理'
        OR item_id IN (SELECT id FROM item WHERE withdrawn_at IS NOT NULL)
        OR rendition_id IN (
            SELECT rendition.id FROM rendition JOIN edition ON edition.id = rendition.edition_id
            WHERE edition.state <> 'approved'
        )
    )
"""


def upgrade() -> None:
    op.add_column("delivery", sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(DECIDED)
    op.create_index(
        "ix_delivery_undecided",
        "delivery",
        ["state", "id"],
        sqlite_where=UNDECIDED,
        postgresql_where=UNDECIDED,
    )
    op.drop_index("ix_edition_later", "edition")
    op.create_index(
        "ix_edition_later",
        "edition",
        ["state", "expedited_at"],
        sqlite_where=LATER,
        postgresql_where=LATER,
    )
