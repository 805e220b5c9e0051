"""Who may do what: each rule gives None, or the sentence why not. Pure.

The same answer decides whether a button shows and whether the act is allowed.
"""

from __future__ import annotations

from collections.abc import Collection

from publisher.errors import NotAllowedError
from publisher.model.item import Edition, Item
from publisher.model.people import Person
from publisher.model.states import EditionState
from publisher.model.urgency import Urgency
from publisher.settings import ROLES, Reviewing, Stage

REVIEWERS = {"department_reviewer", "office_reviewer", "leader", "secrecy_reviewer"}
STAGES_CHANGED = "审核环节的设置变了，请作者修改后重新提交"
MAY = {  # verb: any of these roles
    "write": {"author"},
    "withdraw": {"author", "office_reviewer", "operator"},
    "settle": {"office_reviewer", "operator"},
    "retry": {"office_reviewer", "operator"},
    "arrange": {"office_reviewer", "operator"},
    "run_targets": {"operator", "administrator"},
    "alert": {"office_reviewer"},
    "end_alert": {"office_reviewer", "operator"},
    "manage_people": {"administrator"},
}
VERBS = {
    "write": "撰写稿件",
    "withdraw": "撤回稿件",
    "settle": "核实投递",
    "retry": "重新发送",
    "arrange": "调整发送顺序",
    "run_targets": "暂停或恢复发布目标",
    "alert": "插播紧急信息",
    "end_alert": "结束紧急信息",
    "manage_people": "管理人员",
}


def may(person: Person, verb: str) -> str | None:
    """Say why this person may not do this at all, None where they may."""
    if not person.is_active:
        return f"{person.name} 的账号已停用"
    if person.roles & MAY[verb]:
        return None
    return f"{person.name} 没有{VERBS[verb]}的权限，请联系系统管理员"


def clash(roles: Collection[str]) -> str | None:
    """Say why nobody may have all these roles: who manages accounts neither reviews nor audits."""
    apart = [role for role in ROLES if role in roles and role in REVIEWERS | {"auditor"}]
    if "administrator" not in roles or not apart:
        return None
    return f"系统管理员不能同时是{'、'.join(ROLES[role] for role in apart)}，请分给不同的人"


def may_review(person: Person, edition: Edition, stages: tuple[Stage, ...]) -> str | None:
    """Say why this person may not give the next verdict on this edition."""
    stage = open_stage(edition, stages)
    if stage is None and edition.awaits_verdicts:
        return STAGES_CHANGED
    if stage is None or edition.item.withdrawn_at is not None:
        return "这一稿件不在审核中"
    if not person.is_active:
        return f"{person.name} 的账号已停用"
    if stage.role not in person.roles:
        return f"现在是“{stage.label}”，{person.name} 不是这一级的审核人"
    if person.id in edition.authors:
        return "作者不能审核自己的稿件，请由其他人审核"
    if any(review.person_id == person.id for review in edition.reviews):
        return "您已经审核过这一版，三级审核须由三个不同的人完成"
    return None


def may_expedite(person: Person, edition: Edition, reviewing: Reviewing) -> str | None:
    """Say why this person may not let an emergency out on their approval alone."""
    if edition.state != EditionState.IN_REVIEW or edition.item.withdrawn_at is not None:
        return "这一稿件不在审核中"
    if edition.item.urgency != Urgency.EMERGENCY:
        return "只有紧急程度为“特急”的稿件可以先发后审"
    if not person.is_active:
        return f"{person.name} 的账号已停用"
    if person.id in edition.authors:
        return "作者不能审核自己的稿件，请由其他人审核"
    if any(review.person_id == person.id for review in edition.reviews):
        return "您已经审核过这一版，请由其他人决定先发"
    if senior_stage(person, edition, reviewing) is None:
        able = "、".join(ROLES[role] for role in reviewing.fast_path.roles)
        return f"先发后审要由{able}决定" if able else "没有开通先发后审"
    return None


def senior_stage(person: Person, edition: Edition, reviewing: Reviewing) -> Stage | None:
    """Return the stage at which this person's approval alone lets an emergency out."""
    able = person.roles & set(reviewing.fast_path.roles)
    return next((s for s in _missing(edition, reviewing.stages) if s.role in able), None)


def open_stage(edition: Edition, stages: tuple[Stage, ...]) -> Stage | None:
    """Return the stage whose turn it is, None where no verdict is awaited.

    None also where a stage of its chain is not in the settings any more.
    """
    if not edition.awaits_verdicts or _has_changed(edition, stages):
        return None
    return next(iter(_missing(edition, stages)), None)


def chain(edition: Edition, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Return the stages that an edition passes; before its submission, and without one, all."""
    by_name = {stage.name: stage for stage in stages}
    return tuple(by_name[name] for name in edition.chain or by_name if name in by_name)


def is_through(edition: Edition, stages: tuple[Stage, ...]) -> bool:
    """Say whether every stage of its chain has given its verdict."""
    return not _has_changed(edition, stages) and not _missing(edition, stages)


def _missing(edition: Edition, stages: tuple[Stage, ...]) -> list[Stage]:
    done = {review.stage for review in edition.reviews}
    return [stage for stage in chain(edition, stages) if stage.name not in done]


def _has_changed(edition: Edition, stages: tuple[Stage, ...]) -> bool:
    return not set(edition.chain) <= {stage.name for stage in stages}


def may_change(person: Person, item: Item) -> str | None:
    """Say why this person may not change this item's wording."""
    if reason := may(person, "write"):
        return reason
    if item.created_by_id != person.id and "office_reviewer" not in person.roles:
        return "只有作者本人可以修改这一稿件"
    return None


def require(reason: str | None, *, code: str = "not_allowed") -> None:
    """Turn a reason into the error that carries it."""
    if reason is not None:
        raise NotAllowedError(reason, code=code)
