"""Roles, and config/review.toml: the stages of review, chains of them, and the fast path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from publisher.errors import ConfigError
from publisher.settings import files
from publisher.settings.tables import Table

FILE = "config/review.toml"
ROLES = {
    "author": "作者",
    "department_reviewer": "部门审核人",
    "office_reviewer": "办公室审核人",
    "leader": "分管领导",
    "secrecy_reviewer": "保密审查人",
    "operator": "运行值班",
    "auditor": "审计员",
    "administrator": "系统管理员",
}
RISKS = {
    "ordinary": "一般信息",
    "personal": "涉及个人信息",
    "major": "重大事项",
    "emergency": "突发应急",
}


class Stage(Table):
    """One stage of review."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = Field(min_length=1)
    role: str


class Chain(Table):
    """The stages that a notice of one class of risk passes."""

    risk: Literal["ordinary", "personal", "major", "emergency"]
    stages: list[str] = Field(min_length=1)


class FastPath(Table):
    """[fast_path]: an emergency goes out on one approval, and is reviewed by the others later."""

    roles: list[str] = ["office_reviewer", "leader"]
    later_h: float = Field(default=24.0, gt=0)


class Waiting(Table):
    """[waiting]: when people are reminded of what waits for review."""

    remind_after_h: float = Field(default=24.0, gt=0)
    urgent_before_h: float = Field(default=2.0, gt=0)


class _ReviewFile(Table):
    stage: list[Stage] = Field(min_length=1)
    chain: list[Chain] = []
    fast_path: FastPath = FastPath()
    waiting: Waiting = Waiting()


@dataclass(frozen=True, kw_only=True)
class Reviewing:
    """How notices are reviewed."""

    stages: tuple[Stage, ...] = ()  # all there are
    chains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by the class of risk
    fast_path: FastPath = field(default_factory=FastPath)
    waiting: Waiting = field(default_factory=Waiting)

    def chain(self, risk: str) -> tuple[str, ...]:
        """Return the names of the stages for a class of risk: all of them unless its chain says."""
        return self.chains.get(risk) or tuple(stage.name for stage in self.stages)


def reviewing(home: Path) -> Reviewing:
    """Return how notices are reviewed, from config/review.toml."""
    whole = files.model(_ReviewFile, files.read(home, "review.toml"), file=FILE)
    _check_stages(whole.stage)
    _check_chains(whole.chain, {stage.name for stage in whole.stage})
    _check_roles(whole.fast_path.roles, table="fast_path", key="roles")
    return Reviewing(
        stages=tuple(whole.stage),
        chains={chain.risk: tuple(chain.stages) for chain in whole.chain},
        fast_path=whole.fast_path,
        waiting=whole.waiting,
    )


def _check_stages(stages: list[Stage]) -> None:
    names = [stage.name for stage in stages]
    for number, stage in enumerate(stages, 1):
        _check_roles([stage.role], table=f"stage {number}", key="role")
        if names.count(stage.name) > 1:
            message = f"{stage.name!r} 出现了两次"
            raise ConfigError(message, file=FILE, table=f"stage {number}", key="name")


def _check_roles(roles: list[str], *, table: str, key: str) -> None:
    for role in roles:
        if role not in ROLES:
            known = "、".join(ROLES)
            message = f"没有角色 {role!r}，可用的有：{known}"
            raise ConfigError(message, file=FILE, table=table, key=key)


def _check_chains(chains: list[Chain], there: set[str]) -> None:
    risks = [chain.risk for chain in chains]
    for number, chain in enumerate(chains, 1):
        place = {"file": FILE, "table": f"chain {number}"}
        if risks.count(chain.risk) > 1:
            raise ConfigError(f"{chain.risk!r} 出现了两次", key="risk", **place)
        if unknown := [name for name in chain.stages if name not in there]:
            message = f"没有审核环节 {unknown[0]!r}，请先写出它的 [[stage]]"
            raise ConfigError(message, key="stages", **place)
        if len(set(chain.stages)) != len(chain.stages):
            raise ConfigError("同一个环节写了两次", key="stages", **place)
