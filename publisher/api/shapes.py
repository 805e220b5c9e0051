"""What a request may look like. Whether it makes sense is the workflow's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from fastapi import UploadFile
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from publisher.api.fields import Day, FileName, Moment, Text, from_json, refusal, split
from publisher.documents import html
from publisher.model.review import Verdict
from publisher.workflow.compose import NamedFile

MAX_FILES = 100  # of one item
MAX_TARGETS = 100
MAX_ALT = 500  # characters
MAX_SUMMARY = 2000  # characters; outlets have narrower limits of their own
MAX_NOTE = 2000  # characters


class Asked(BaseModel):
    """A request; what it does not know it refuses, so that a slip of the pen is noticed."""

    model_config = ConfigDict(extra="forbid")


class Override(Asked):
    """What one target gets instead; left out or null: what all get."""

    title: Text | None = None
    summary: Annotated[Text, Field(max_length=MAX_SUMMARY)] | None = None
    publish_at: Moment = None

    def stored(self) -> dict[str, str]:
        """Return it as an edition keeps it."""
        given = self.model_dump(exclude_none=True, exclude={"publish_at"})
        return given | ({"publish_at": self.publish_at.isoformat()} if self.publish_at else {})


class FileRef(Asked):
    """A file that was uploaded before, by its digest."""

    digest: Annotated[Text, Field(max_length=64, description="POST /media 回答的 digest")]
    name: Annotated[
        FileName, Field(description="图片：正文里 media: 后面的名字；附件：读者看到的名字")
    ]
    alt: Annotated[Text, Field(max_length=MAX_ALT, description="图片说明，给看不见图的人")] = ""


class Fields(Asked):
    """All that can be said of an item beside its words."""

    title: Annotated[Text, Field(description="标题")] = ""
    summary: Annotated[Text, Field(max_length=MAX_SUMMARY, description="摘要，一两句话")] = ""
    kind: Annotated[Text, Field(description="文种：通知、公示、公告……")] = "通知"
    category: Annotated[Text, Field(description="公开事项清单的四位编号，空为不在清单上")] = ""
    department: Annotated[Text, Field(description="落款单位，全称")] = ""
    document_number: Annotated[Text, Field(description="发文字号")] = ""
    issued_on: Annotated[Day, Field(description="成文日期")] = None
    audience: Annotated[Text, Field(description="public 社会，campus 校内")] = "public"
    urgency: Annotated[Text, Field(description="normal，urgent 加急，emergency 特急")] = "normal"
    targets: Annotated[list[Text], Field(max_length=MAX_TARGETS, description="发布目标")] = []
    publish_at: Annotated[Moment, Field(description="发布时间，空为通过后立即")] = None
    not_after: Annotated[Moment, Field(description="过了这个时间就不再发")] = None
    expires_at: Annotated[Moment, Field(description="结束时间，到时各处下架")] = None
    late: Annotated[
        Text, Field(description="过时处理：send 照常发，ask 由人决定，miss 不再发，空为按设置")
    ] = ""
    display_days: Annotated[
        int | None, Field(description="公示期，从官网确认之日起算，期满各处下架")
    ] = None
    display_unit: Annotated[Text, Field(description="calendar 天，working 工作日")] = "calendar"
    overrides: Annotated[
        dict[Text, Override], Field(max_length=MAX_TARGETS, description="各目标自己的标题等")
    ] = {}
    attachments: Annotated[list[FileRef], Field(max_length=MAX_FILES, description="附件")] = []

    def given(self) -> dict[str, Any]:
        """Return what the request says, as the values of a Draft; the rest is left out."""
        named = self.model_fields_set & OF_A_DRAFT.keys()
        return {name: OF_A_DRAFT[name](getattr(self, name)) for name in named}


class Changes(Fields):
    """What is to be different; what is left out stays as it is."""

    images: Annotated[list[FileRef], Field(max_length=MAX_FILES, description="正文里的图片")] = []
    body_html: Annotated[str | None, Field(description="正文，HTML；保存前会清理")] = None
    body_markdown: Annotated[str | None, Field(description="正文，Markdown")] = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.body_html is not None and self.body_markdown is not None:
            raise refusal("two_bodies", "和 body_html 只能写一个", field="body_markdown")
        return self

    @property
    def body_field(self) -> str:
        """The name under which the words came."""
        return "body_html" if self.body_markdown is None else "body_markdown"

    def given(self) -> dict[str, Any]:
        """The same, with the words cleaned."""
        values = super().given()
        if self.body_html is not None:
            values["body"] = html.clean(self.body_html)
        if self.body_markdown is not None:
            values["body"] = html.from_markdown(self.body_markdown)
        return values


class NewItem(Changes):
    """An item as a whole; the words are HTML or Markdown, one of them."""

    title: Annotated[Text, Field(description="标题")]

    @model_validator(mode="after")
    def _some_body(self) -> Self:
        if self.body_html is None and self.body_markdown is None:
            raise refusal("missing", "没有写，请写 body_html 或 body_markdown", field="body_html")
        return self


class ImportForm(Fields):
    """A file, and what is to be different from what was found in it."""

    file: Annotated[UploadFile, Field(description="Word、Markdown、HTML 或文本文件")]
    targets: Annotated[
        list[Text],
        BeforeValidator(split),
        Field(max_length=MAX_TARGETS, description="发布目标，可重复，也可用逗号隔开"),
    ] = []
    overrides: Annotated[
        dict[Text, Override], BeforeValidator(from_json), Field(description="写成 JSON")
    ] = {}
    attachments: Annotated[
        list[FileRef], BeforeValidator(from_json), Field(description="写成 JSON")
    ] = []


class MediaForm(Asked):
    """A picture or an attachment."""

    file: Annotated[UploadFile, Field(description="图片或附件")]
    role: Annotated[Literal["image", "attachment"] | None, Field(description="空为按文件判断")] = (
        None
    )
    alt: Annotated[Text, Field(max_length=MAX_ALT, description="图片说明")] = ""


class NewReview(Asked):
    """A verdict on the digest that the reviewer was shown."""

    stage: Annotated[Text, Field(description="审核环节：department、office、secrecy")]
    verdict: Annotated[Verdict, Field(description="approve 通过，send_back 退回，reject 否决")]
    digest: Annotated[Text, Field(description="看到的那一版的 digest")]
    opinion: Annotated[Text, Field(description="意见；退回和否决必须写")] = ""


class NewExpedition(Asked):
    """An emergency goes out on one senior approval."""

    digest: Annotated[Text, Field(description="看到的那一版的 digest")]
    reason: Annotated[Text, Field(description="为什么要先发后审")]


class NewWithdrawal(Asked):
    """Why it is taken back."""

    reason: Annotated[Text, Field(description="原因，读者会看到")]
    note: Annotated[Text, Field(max_length=MAX_NOTE, description="内部说明")] = ""


class NewSettlement(Asked):
    """What a person saw at the outlet."""

    outcome: Literal["delivered", "not_delivered"]
    url: Annotated[Text, Field(description="读者看到它的网址")] = ""
    note: Annotated[Text, Field(max_length=MAX_NOTE, description="怎么核实的")]
    picture: Annotated[
        str | None, Field(pattern="^[0-9a-f]{64}$", description="截图的摘要，先上传为图片")
    ] = None


class Reason(Asked):
    """Why a person decided so."""

    reason: Annotated[Text, Field(max_length=MAX_NOTE, description="原因")]


class NewPause(Reason):
    """What is to be paused, and why."""

    scope: Annotated[Text, Field(description="everything、channel:渠道 或 target:目标")]


def _same(value: object) -> object:
    return value


def _named(files: list[FileRef]) -> tuple[NamedFile, ...]:
    return tuple(NamedFile(digest=file.digest, name=file.name, alt=file.alt) for file in files)


def _stored(overrides: Mapping[str, Override]) -> dict[str, dict[str, str]]:
    return {target: own.stored() for target, own in overrides.items()}


OF_A_DRAFT: dict[str, Callable[[Any], object]] = {
    "title": _same,
    "summary": _same,
    "kind": _same,
    "category": _same,
    "department": _same,
    "document_number": _same,
    "issued_on": _same,
    "audience": _same,
    "urgency": _same,
    "targets": tuple,
    "publish_at": _same,
    "not_after": _same,
    "expires_at": _same,
    "late": _same,
    "display_days": _same,
    "display_unit": _same,
    "overrides": _stored,
    "images": _named,
    "attachments": _named,
}
