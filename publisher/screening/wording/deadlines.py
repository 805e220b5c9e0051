"""Deadlines that are over before the notice is out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Finding
from publisher.screening.passage import normalised
from publisher.screening.wording.days import days, readings
from publisher.screening.wording.reading import Page

_SENTENCE = re.compile("[^。；;\n]+")
_ACTS = "(?:报名|申报|投稿|征集|征稿|提交|缴费|申请|反馈|报送)"
_LABEL = re.compile(
    rf"{_ACTS}(?:截止)?(?:时间|日期|期限)\s{{0,4}}[:：为是]|截止(?:时间|日期)\s{{0,4}}[:：为是]"
)
_ASKED = re.compile(r"请|须|务必|应于|需于|要于|并于")
_TIME = r"\d{1,2}[:：]\d{2}|\d{1,2}[时点]|\d{1,2}分|上午|下午|中午|晚上?|下班"
_CLOCK = rf"(?:\s{{0,4}}(?:{_TIME}|之|以)){{0,4}}\s{{0,4}}"
_BEFORE = re.compile(
    rf"{_CLOCK}前[，,]?\s{{0,4}}(?:将|把|报|交|送|提交|反馈|发送|填写|填报|上传|登录)"
)
_CLOSES = re.compile(rf"{_CLOCK}截止")
_TOLD = re.compile(r"已|原定|曾|延长|延期|推迟")


def find(page: Page) -> Iterator[Finding]:
    """Yield a warning for each line with a deadline before today."""
    for line in page.body:
        sentences = _SENTENCE.findall(normalised(line.text))
        if any(_is_over(sentence, page) for sentence in sentences):
            yield line.finding("past_deadline", "warn", "的截止日期已经过了，请核对日期。")


def _is_over(sentence: str, page: Page) -> bool:
    found = list(days(sentence))
    if not found or _TOLD.search(sentence):
        return False
    due = [day for day in found if _bounds(sentence, day.start, day.end)]
    label = _LABEL.search(sentence)
    if label and found[-1].start >= label.end():
        due.append(found[-1])
    base, title = page.notice.base, page.notice.title
    meant = [readings(day, sentence, base=base, title=title, last=True) for day in due]
    return any(dates and max(dates) < page.notice.today for dates in meant)


def _bounds(sentence: str, start: int, end: int) -> bool:
    if _CLOSES.match(sentence, end):
        return True
    return bool(_BEFORE.match(sentence, end) and _ASKED.search(sentence[:start]))
