"""密级标志: what carries one may not be published, whoever asks.

Only the printed forms block: level and star, or a line that says nothing else. The bare words
are ordinary language ("商业秘密", 保守国家秘密法) and only brought to mind.

Source: 保守国家秘密法实施条例 (2024), 21: a carrier shows level and period.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "secrecy_mark"
_LEVEL = r"(?:绝\s{0,2}密|机\s{0,2}密|秘\s{0,2}密)"
_STARRED = re.compile(
    rf"(?<!商业)(?<!国家)(?<!工作){_LEVEL}\s{{0,2}}[★☆⭐✩✪]\s{{0,2}}(?P<until>启[封用]前|公布前)?"
)
_LINE = re.compile(
    rf"^[ \t\[【(]*(?:{_LEVEL}|内\s?部\s?(?:资料|文件|使用)|密级\s*[::]\s*{_LEVEL})[ \t\]】)]*$",
    re.MULTILINE,
)
_NOT_PUBLIC = re.compile(r"此件(?:不予?公开|依申请公开|删减后公开)")
_INTERNAL = re.compile(
    r"(?:不得|严禁|请勿)(?:外传|翻印|转发|对外(?:公开|提供|发布))|仅供(?:内部|本单位|校内)(?:使用|参考|掌握)"
    r"|内部(?:资料|文件)[ ,]*注意保[存管]|阅后(?:收回|即焚|销毁)"
)
_SENT_TO = re.compile(r"此件发至")
_DRAFT = re.compile(r"讨论稿|送审稿|未定稿")
_BARE = re.compile(r"绝密|机密|(?<!商业)(?<!国家)(?<!工作)(?<!技术)(?<!军事)秘密(?!投票|方式)")


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield at most one action for a passage, the gravest."""
    marks = list(_STARRED.finditer(passage.text))
    if any(mark["until"] is None for mark in marks):
        yield "block", "有密级标志，涉密文件不得发布，请立即停止并报告保密工作机构。"
    elif _NOT_PUBLIC.search(passage.text):
        yield "block", "写明不公开或依申请公开，不得发布。"
    elif _INTERNAL.search(passage.text):
        yield "block", "写有不得外传、仅供内部一类的话，请核对文件能否公开。"
    elif _SENT_TO.search(passage.text):
        yield "warn", "写有“此件发至”，是有发放范围的文件，请核对能否公开。"
    elif _LINE.search(passage.text):
        action: Action = "warn" if passage.is_cell else "block"
        yield action, "单独写有密级或“内部”字样，请核对文件能否公开。"
    elif marks:
        yield "inform", "有“启用前”一类的密级用语，如是考试材料请确认已经启用。"
    elif _BARE.search(passage.text):
        yield "inform", "提到密级用语，请确认只是一般叙述。"
    elif _DRAFT.search(passage.text):
        yield "inform", "写有讨论稿、送审稿一类的字样，请确认这就是要发布的稿子。"
