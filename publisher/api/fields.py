"""What one value of a request may be: texts, moments, numbers; its sentences are Chinese."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from publisher.errors import InvalidError
from publisher.schedule import times

MAX_ID = 2**31 - 1  # what an integer column of PostgreSQL holds
MAX_PAGE = 200
MAX_NAME = 120  # characters of a file's name, as in documents/attachments.py
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


def from_json(given: object) -> object:
    """Return what a field of a form says in JSON; a form gives a list of texts for a list."""
    text = given[0] if isinstance(given, list) and len(given) == 1 else given
    if not isinstance(text, str):
        return given
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refusal("bad_json", "要写成 JSON") from error


def split(given: object) -> object:
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
