"""个人邮箱: an address at one of the hosts where private people have theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from publisher.screening.finding import Action
from publisher.screening.passage import Passage

RULE = "private_mail"
_HOSTS = "qq|vip\\.qq|foxmail|163|126|139|189|wo|sina|sohu|aliyun|gmail|outlook|hotmail|icloud"
_ADDRESS = re.compile(
    rf"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{{1,64}}@(?:(?:{_HOSTS})\.(?:com|cn)|yeah\.net)"
    r"(?![A-Za-z0-9.])",
    re.IGNORECASE,
)


def find(passage: Passage) -> Iterator[tuple[Action, str]]:
    """Yield a warning for a passage with such an address: an office may have one there, too."""
    if _ADDRESS.search(passage.text):
        yield "warn", "有个人邮箱，请改用单位邮箱；确是办公邮箱的，请登记为办公号码。"
