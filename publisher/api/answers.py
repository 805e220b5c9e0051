"""What is answered: records as JSON. Moments carry the zone of the campus."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer

from publisher.channel import CAMPUS_TIME
from publisher.model.review import Verdict
from publisher.model.states import DeliveryState
from publisher.model.status import ItemStatus


def _in_campus_time(moment: datetime | None) -> str | None:
    return moment.astimezone(CAMPUS_TIME).isoformat() if moment else None


Moment = Annotated[
    datetime | None,
    PlainSerializer(_in_campus_time, return_type=str | None),
    Field(examples=["2026-11-24T08:30:00+08:00"]),
]


class Attempt(BaseModel):
    """One call to the outlet."""

    step: Annotated[str, Field(description="prepare、deliver、withdraw")]
    started_at: Moment
    ended_at: Annotated[Moment, Field(description="空：还在进行")]
    outcome: Annotated[str, Field(description="accepted、done，或错误的种类")]
    said: Annotated[str, Field(description="平台的回答，已去掉密钥")]


class Delivery(BaseModel):
    """One rendition on its way to one place."""

    id: int
    item: Annotated[int, Field(description="稿件编号")]
    target: str
    part: Annotated[str, Field(description="哪个群、哪块屏；只有一处的为空")]
    channel: Annotated[str, Field(description="渠道；目标已不在配置中的为空")]
    state: DeliveryState
    urgency: str
    due_at: Moment
    not_after: Moment
    after: Annotated[int | None, Field(description="等哪个投递确认之后才发")]
    waits_until: Annotated[Moment, Field(description="最多等到什么时候")]
    deadline_at: Annotated[Moment, Field(description="过了这个时间就要有人处理")]
    expires_at: Moment
    accepted_at: Moment
    confirmed_at: Moment
    ended_at: Moment
    url: str
    remote_id: str | None
    evidence: Annotated[str, Field(description="在平台上看到了什么")]
    advice: Annotated[str, Field(description="该怎么办；空为不用管")]
    attempts: list[Attempt]


class Finding(BaseModel):
    """What the screening found; never the words themselves."""

    rule: str
    action: Annotated[str, Field(description="block 必须改，warn 请核对，inform 提示")]
    place: str
    message: str


class Misfit(BaseModel):
    """Why one target cannot carry it as it is."""

    field: str
    message: str


class Rendition(BaseModel):
    """What one target will show."""

    target: str
    media_type: Annotated[str, Field(description="空：这个目标放不下，见 problems")]
    digest: Annotated[str | None, Field(description="提交时冻结后才有")]
    preview_url: str
    problems: list[Misfit]


class Review(BaseModel):
    """One verdict."""

    stage: str
    verdict: Verdict
    person: str
    at: Moment
    opinion: str
    digest: Annotated[str, Field(description="审核人看到的那一版")]


class File(BaseModel):
    """A picture or an attachment of an item."""

    digest: str
    name: str
    alt: str
    media_type: str
    size_bytes: int


class Override(BaseModel):
    """What one target gets instead."""

    title: str | None = None
    summary: str | None = None
    publish_at: Moment = None


class Place(BaseModel):
    """Where one delivery of a listed item stands."""

    target: str
    part: str
    state: DeliveryState


class ItemHead(BaseModel):
    """What every item has in a list."""

    id: int
    title: str
    status: ItemStatus
    edition: Annotated[int, Field(description="第几版")]
    digest: Annotated[str | None, Field(description="提交时冻结后才有")]
    index_number: Annotated[str | None, Field(description="索引号，提交时取得")]
    kind: str
    category: str
    department: str
    document_number: str
    audience: str
    urgency: Annotated[str, Field(description="normal，urgent 加急，emergency 特急")]
    targets: list[str]
    publish_at: Moment
    not_after: Moment
    expires_at: Moment
    late: Annotated[str, Field(description="过时处理；空为按设置")]
    display_days: Annotated[int | None, Field(description="公示期")]
    display_unit: Annotated[str, Field(description="calendar 天，working 工作日")]
    created_at: Moment
    created_by: str


class ItemLine(ItemHead):
    """One line of a list."""

    deliveries: list[Place]


class Item(ItemHead):
    """An item with all that has become of it."""

    url: Annotated[str, Field(description="读者看到它的网址；还没有的为空")]
    summary: str
    body_html: str
    issued_on: date | None
    overrides: dict[str, Override]
    images: list[File]
    attachments: list[File]
    remarks: Annotated[list[str], Field(description="导入文件时的提示")]
    submitted_at: Moment
    approved_at: Moment
    risk: Annotated[str, Field(description="审核类别，如 ordinary；提交后才有")]
    chain: Annotated[list[str], Field(description="要过的审核环节，提交后才有")]
    expedited_at: Annotated[Moment, Field(description="特急先发后审的时间")]
    reviewed_at: Annotated[Moment, Field(description="所有环节都审完的时间")]
    withdrawn_at: Moment
    withdrawal_reason: str
    withdrawal_note: str
    findings: list[Finding]
    renditions: list[Rendition]
    reviews: list[Review]
    deliveries: list[Delivery]


class Items(BaseModel):
    """A page of items, newest first."""

    items: list[ItemLine]
    next: Annotated[int | None, Field(description="下一页的 before；空为没有了")]


class Deliveries(BaseModel):
    """A page of deliveries, newest first."""

    deliveries: list[Delivery]
    next: Annotated[int | None, Field(description="下一页的 cursor；空为没有了")]


class Submission(BaseModel):
    """What was frozen; reviews name this digest."""

    edition: int
    digest: str
    index_number: str
    status: ItemStatus


class Medium(BaseModel):
    """A file that is stored."""

    digest: str
    name: Annotated[str, Field(description="图片在正文里写作 media: 加这个名字")]
    alt: str
    media_type: str
    size_bytes: int


class Alarm(BaseModel):
    """What is wrong, or was, and needs a person."""

    id: int
    key: Annotated[str, Field(description="种类和对象，如 breaker qq；同一件事不变")]
    since: Moment
    until: Annotated[Moment, Field(description="什么时候好的；空为还没有")]
    text: Annotated[str, Field(description="是什么情况，怎么办")]
    told_at: Annotated[Moment, Field(description="什么时候发了邮件；空为没有发")]


class Alarms(BaseModel):
    """Those that are open, the longest first; then those that are over, the newest first."""

    alarms: list[Alarm]


class Breaker(BaseModel):
    """Whether an account is spared for now, because it kept failing or was refused."""

    state: Annotated[str, Field(description="closed 正常，open 已自动停发，half_open 正在试发")]
    since: Annotated[Moment, Field(description="从什么时候停发的；正常时为空")]
    advice: Annotated[str, Field(description="该怎么办；空为等它自己恢复")]
    probe_at: Annotated[Moment, Field(description="下次什么时候问平台好了没有")]


class Pause(BaseModel):
    """Nothing goes out within a scope; take-downs go on."""

    scope: Annotated[str, Field(description="everything、channel:渠道 或 target:目标")]
    at: Moment
    by: Annotated[str, Field(description="谁暂停的")]
    reason: str


class Pauses(BaseModel):
    """All pauses, the longest first."""

    pauses: list[Pause]


class Target(BaseModel):
    """One configured place on a channel, and how it was when it was asked last."""

    name: str
    channel: str
    label: str
    is_well: Annotated[bool, Field(description="不需要有人处理")]
    is_reachable: Annotated[bool | None, Field(description="空：还没有检查过，或不能检查")]
    is_signed_in: Annotated[bool | None, Field(description="空：不用登录，或问不到")]
    quota_left: int | None
    quota_unit: str
    is_paused: Annotated[bool, Field(description="自己、它的渠道或全部发布被人暂停了")]
    paused_scope: Annotated[str, Field(description="最大的那个暂停的范围；空为没有暂停")]
    paused_at: Moment
    paused_by: Annotated[str, Field(description="谁暂停的")]
    paused_because: str
    breaker: Annotated[Breaker, Field(description="它的账号是不是已自动停发")]
    checked_at: Moment
    note: Annotated[str, Field(description="平台自己怎么说")]
    advice: Annotated[str, Field(description="该怎么办；空为不用管")]
    waiting: Annotated[int, Field(description="等着发的投递")]
    open: Annotated[int, Field(description="发出了、还没有结果的投递")]
    last_success_at: Moment


class Targets(BaseModel):
    """All targets, in the order of the configuration."""

    targets: list[Target]
