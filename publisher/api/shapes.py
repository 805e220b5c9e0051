"""What a request may look like. Whether it makes sense is the workflow's business."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Path, Query, UploadFile
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from publisher.documents import html
from publisher.errors import InvalidError
from publisher.model.review import Verdict
from publisher.schedule import times
from publisher.workflow.compose import NamedFile

MAX_ID = 2**63 - 1  # what an integer column holds
MAX_PAGE = 200
MAX_FILES = 100  # of one item
MAX_TARGETS = 100
MAX_NAME = 120  # characters of a file's name, as in documents/attachments.py
MAX_ALT = 500  # characters
MAX_SUMMARY = 2000  # characters; outlets have narrower limits of their own
MAX_NOTE = 2000  # characters
MAX_MOMENT = 64  # characters
# control characters and half characters; line breaks and tabs stay
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
NOT_IN_NAMES = re.compile(r'[\t\n\r/\\:*?"<>|]')


def refusal(code: str, sentence: str, *, field: str = "") -> PydanticCustomError:
    """Return an error whose sentence follows the name of the field.

    `field` names it where the error is about the whole request.
    """
    # pydantic cannot carry half a character, and a sentence may repeat what came in
    facts = {"sentence": sentence.encode("utf-8", "replace").decode()}
    facts |= {"field": field} if field else {}
    return PydanticCustomError(code, "{sentence}", facts)


def _printable(text: str) -> str:
    if UNPRINTABLE.search(text):
        raise refusal("unprintable", "里有不能显示的字符，请删去")
    return text


def _file_name(name: str) -> str:
    if not name.strip(". ") or NOT_IN_NAMES.search(name):
        raise refusal("bad_name", "不能用，请改成不含特殊符号的名字")
    return name


def _moment(given: object) -> datetime | None:
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > MAX_MOMENT:
        raise refusal("bad_time", "看不懂，请写成 2026-11-24 08:30 这样的日期和时间")
    try:
        return times.parse(given, field="")
    except InvalidError as error:
        raise refusal(error.code, error.message) from error


def _day(given: object) -> date | None:
    if given is None:
        return None
    try:
        return date.fromisoformat(str(given))
    except ValueError as error:
        raise refusal("bad_date", "看不懂，请写成 2026-11-20 这样的日期") from error


def _from_json(given: object) -> object:
    """Return what a field of a form says in JSON; a form gives a list of texts for a list."""
    text = given[0] if isinstance(given, list) and len(given) == 1 else given
    if not isinstance(text, str):
        return given
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal("bad_json", "要写成 JSON") from error


def _split(given: object) -> object:
    """Return the names of a form's field, which may be repeated or hold several."""
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        return given
    return [name.strip() for text in given for name in re.split("[,，]", text) if name.strip()]


Text = Annotated[str, AfterValidator(_printable)]
FileName = Annotated[Text, Field(max_length=MAX_NAME), AfterValidator(_file_name)]
Moment = Annotated[
    datetime | None,
    BeforeValidator(_moment),
    WithJsonSchema({"type": ["string", "null"], "examples": ["2026-11-24 08:30"]}),
]
Day = Annotated[
    date | None,
    BeforeValidator(_day),
    WithJsonSchema({"type": ["string", "null"], "format": "date"}),
]
Id = Annotated[int, Path(ge=1, le=MAX_ID, description="编号")]
Wanted = Annotated[  # the number of something in a query
    Annotated[int, Field(ge=1, le=MAX_ID)] | None,
    BeforeValidator(lambda given: given or None),
    Query(description="编号，空为不限"),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="最多几行")]


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
    targets: Annotated[list[Text], Field(max_length=MAX_TARGETS, description="发布目标")] = []
    publish_at: Annotated[Moment, Field(description="发布时间，空为通过后立即")] = None
    not_after: Annotated[Moment, Field(description="过了这个时间就不再发")] = None
    expires_at: Annotated[Moment, Field(description="结束时间，到时各处下架")] = None
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
        BeforeValidator(_split),
        Field(max_length=MAX_TARGETS, description="发布目标，可重复，也可用逗号隔开"),
    ] = []
    overrides: Annotated[
        dict[Text, Override], BeforeValidator(_from_json), Field(description="写成 JSON")
    ] = {}
    attachments: Annotated[
        list[FileRef], BeforeValidator(_from_json), Field(description="写成 JSON")
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


class NewWithdrawal(Asked):
    """Why it is taken back."""

    reason: Annotated[Text, Field(description="原因，读者会看到")]
    note: Annotated[Text, Field(max_length=MAX_NOTE, description="内部说明")] = ""


class NewSettlement(Asked):
    """What a person saw at the outlet."""

    outcome: Literal["delivered", "not_delivered"]
    url: Annotated[Text, Field(description="读者看到它的网址")] = ""
    note: Annotated[Text, Field(max_length=MAX_NOTE, description="怎么核实的")]


class NewPause(Asked):
    """Why nothing more is to be sent."""

    reason: Annotated[Text, Field(max_length=MAX_NOTE, description="暂停的原因")]


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
    "targets": tuple,
    "publish_at": _same,
    "not_after": _same,
    "expires_at": _same,
    "overrides": _stored,
    "images": _named,
    "attachments": _named,
}
