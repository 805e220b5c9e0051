"""Personal data: one rule a module, each with `RULE` and `find`.

Source of what may not be shown: 个人信息保护法; 教财厅函〔2017〕28号; practice of colleges in 2025.
"""

from __future__ import annotations

from publisher.screening.personal import (
    account,
    address,
    columns,
    identity,
    labelled,
    mail,
    masked,
    mobile,
    plate,
)

RULES = (identity, masked, mobile, account, labelled, address, mail, plate, columns)
