"""What states and verbs are called on pages and in tables."""

from __future__ import annotations

from publisher.model.review import Verdict
from publisher.model.states import DeliveryState as S
from publisher.model.status import ItemStatus as I

DELIVERY_STATE = {
    S.PLANNED: "待发送",
    S.SENDING: "发送中",
    S.ACCEPTED: "已受理",
    S.CONFIRMED: "已确认",
    S.UNCONFIRMED: "待核实",
    S.FAILED: "失败",
    S.MISSED: "已错过",
    S.CANCELLED: "已取消",
    S.WITHDRAWING: "撤下中",
    S.WITHDRAWN: "已撤回",
    S.EXPIRED: "已到期下架",
}
ITEM_STATUS = {
    I.DRAFT: "草稿",
    I.IN_REVIEW: "审核中",
    I.SENT_BACK: "已退回",
    I.REJECTED: "已否决",
    I.PLANNED: "待发布",
    I.SENDING: "发送中",
    I.PARTLY_PUBLISHED: "部分发布",
    I.ACCEPTED: "已受理",
    I.PUBLISHED: "已发布",
    I.UNCONFIRMED: "待核实",
    I.FAILED: "失败",
    I.MISSED: "已错过",
    I.CANCELLED: "已取消",
    I.WITHDRAWING: "撤下中",
    I.WITHDRAWN: "已撤回",
    I.EXPIRED: "已到期",
}
ACTIONS = {"block": "必须修改", "warn": "请核对", "inform": "提示"}  # of a screening finding
FIELDS = {  # of an item, as programs spell them
    "file": "文件",
    "title": "标题",
    "summary": "摘要",
    "kind": "文种",
    "category": "清单事项",
    "department": "落款单位",
    "document_number": "文号",
    "issued_on": "成文日期",
    "audience": "公开范围",
    "urgency": "紧急程度",
    "targets": "发布目标",
    "publish_at": "发布时间",
    "not_after": "最晚发布时间",
    "expires_at": "结束时间",
    "late": "过时处理",
    "display_days": "公示期",
    "display_unit": "公示期单位",
    "images": "图片",
    "attachments": "附件",
}
AUDIENCES = {"public": "社会公开", "campus": "校内"}
URGENCIES = {"normal": "一般", "urgent": "加急", "emergency": "特急"}
VERDICTS = {Verdict.APPROVE: "通过", Verdict.SEND_BACK: "退回修改", Verdict.REJECT: "否决"}
FILE_ROLES = {"image": "图片", "attachment": "附件"}
EVERYTHING = "全部发布"
PAUSED = {  # by the first word of a scope
    "everything": "全部发布已暂停",
    "channel": "这类渠道已暂停",
    "target": "已暂停",
}
BREAKER = {"closed": "正常", "open": "已自动停发", "half_open": "正在试发"}  # of an account

ALARM = {  # by the first word of its key
    "overdue": "投递超期",
    "review": "等待审核",
    "flipped": "发布后不见了",
    "lane": "发送停滞",
    "breaker": "自动停发",
    "worker": "进程无响应",
    "disk": "磁盘将满",
    "database": "数据库慢",
    "outage": "服务中断",
    "clock": "时钟跳变",
    "event": "提醒",
    "restored": "恢复备份后待核对",
}


def alarm(key: str) -> str:
    """Return what the kind of an alarm is called."""
    return ALARM.get(key.partition(" ")[0], "告警")


def paused(scope: str, because: str) -> str:
    """Return a sentence that says how wide a pause is, and why there is one."""
    return f"{PAUSED[scope.partition(':')[0]]}：{because}"
