"""What was found in an attachment, and by which policy"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("medium", sa.Column("policy", sa.String(length=16), nullable=True))
    op.add_column("medium", sa.Column("findings", sa.JSON(), nullable=True))
