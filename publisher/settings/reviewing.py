"""Roles, and config/review.toml: the stages of review."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from publisher.errors import ConfigError
from publisher.settings import files
from publisher.settings.tables import Table

ROLES = {
    "author": "作者",
    "department_reviewer": "部门审核人",
    "office_reviewer": "办公室审核人",
    "secrecy_reviewer": "保密审查人",
    "operator": "运行值班",
    "auditor": "审计员",
    "administrator": "系统管理员",
}


class Stage(Table):
    """One stage of review."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1)
    role: str


class _ReviewFile(Table):
    stage: list[Stage] = Field(min_length=1)


def stages(home: Path) -> tuple[Stage, ...]:
    """Return the stages of review, in their order."""
    found = files.model(
        _ReviewFile, files.read(home, "review.toml"), file="config/review.toml"
    ).stage
    _check_stages(found)
    return tuple(found)


def _check_stages(stages: list[Stage]) -> None:
    names = [stage.name for stage in stages]
    for number, stage in enumerate(stages):
        place = {"file": "config/review.toml", "table": f"stage {number + 1}"}
        if stage.role not in ROLES:
            known = "、".join(ROLES)
            raise ConfigError(f"没有角色 {stage.role!r}，可用的有：{known}", key="role", **place)
        if names.count(stage.name) > 1:
            raise ConfigError(f"{stage.name!r} 出现了两次", key="name", **place)
