"""Accounts with a breaker, pauses by scope, urgency, late policy, bundles in order, alarms"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PLANNED = sa.text("state = 'planned'")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _new_tables()
    op.execute(
        "INSERT INTO pause (scope, at, by, because) "
        "SELECT 'target:' || name, paused_at, "
        "CASE paused_by WHEN '' THEN '系统' ELSE paused_by END, paused_because "
        "FROM target WHERE paused_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO lane (name, next_send_at, breaker, faults, openings, advice) "
        "SELECT name, next_send_at, 'closed', 0, 0, '' FROM target WHERE next_send_at IS NOT NULL"
    )
    for name in ("paused_at", "paused_by", "paused_because", "next_send_at"):
        op.drop_column("target", name)
    op.add_column("attempt", sa.Column("fence", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("beat", _text("owner", 64))
    op.add_column("item", _text("urgency", 16, default="normal"))
    op.add_column("edition", _text("late", 8))
    op.add_column("edition", sa.Column("display_days", sa.Integer(), nullable=True))
    op.add_column("edition", _text("display_unit", 16, default="calendar"))
    _delivery()


def _text(name: str, length: int, *, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False, server_default=default)


def _new_tables() -> None:
    op.create_table(
        "pause",
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_pause")),
    )
    op.create_table(
        "lane",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("next_send_at", MOMENT, nullable=True),
        sa.Column("breaker", sa.String(length=16), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("probe_at", MOMENT, nullable=True),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lane")),
    )
    op.create_table(
        "spent",
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lane", "period", name=op.f("pk_spent")),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    is_open = sa.text("until IS NULL")
    op.create_index(
        "ix_alarm_open",
        "alarm",
        ["key"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_alarm_since", "alarm", ["since", "id"])


def _delivery() -> None:
    for column in (
        _text("urgency", 16, default="normal"),
        sa.Column("rank_at", MOMENT, nullable=False, server_default="1970-01-01 00:00:00"),
        _text("late", 8, default="miss"),
        sa.Column("follow_until", MOMENT, nullable=True),
        _text("follow_else", 8, default="ask"),
        sa.Column("bundle_position", sa.Integer(), nullable=True),
        sa.Column("is_restored", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("delivery", column)
    op.execute("UPDATE delivery SET rank_at = due_at")
    for name in ("due", "lane", "not_after"):
        op.drop_index(f"ix_delivery_{name}", "delivery")
    _partial("due", ["state", "due_at", "lane"], PLANNED)
    _partial("lane", ["state", "lane", "rank_at", "id"], PLANNED)
    _partial("not_after", ["state", "not_after"], PLANNED)
    waits = sa.text("state = 'planned' AND follow_until IS NOT NULL")
    _partial("follow_until", ["state", "follow_until"], waits)
    cut = sa.text("lease_owner IS NOT NULL AND lease_until IS NULL")
    _partial("cut", ["lease_owner"], cut)
    _partial("bundle", ["bundle_id"], sa.text("bundle_id IS NOT NULL"))
    _partial("restored", ["id"], sa.text("is_restored"))


def _partial(name: str, columns: list[str], condition: sa.TextClause) -> None:
    op.create_index(
        f"ix_delivery_{name}",
        "delivery",
        columns,
        sqlite_where=condition,
        postgresql_where=condition,
    )
