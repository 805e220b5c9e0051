"""What things are called on the pages, and how they are to be seen."""

from __future__ import annotations

from datetime import datetime

from publisher.channel import CAMPUS_TIME
from publisher.model.review import Verdict
from publisher.model.states import DeliveryState as S
from publisher.model.status import ItemStatus as I
from publisher.model.words import (
    ACTIONS,
    AUDIENCES,
    DELIVERY_STATE,
    ITEM_STATUS,
    URGENCIES,
    VERDICTS,
    alarm,
)
from publisher.schedule import display, late, times

__all__ = [
    "ACTIONS",
    "AUDIENCES",
    "DELIVERY_STATE",
    "ITEM_STATUS",
    "URGENCIES",
    "VERDICTS",
    "alarm",
]

LATE = {"": "按系统设置", **late.POLICIES}
DISPLAY_UNITS = display.UNITS
FORMATS = {"text": "文字（每行一段）", "markdown": "Markdown", "html": "带格式（HTML）"}
VERBS = {  # of notes
    "draft": "新建稿件",
    "edit": "修改稿件",
    "submit": "提交送审",
    Verdict.APPROVE: "审核通过",
    Verdict.SEND_BACK: "退回修改",
    Verdict.REJECT: "否决",
    "expedite": "先发后审",
    "lapse": "审核过期退回",
    "withdraw": "撤回稿件",
    "cancel": "取消投递",
    "settle": "人工核实",
    "retry": "重新发送",
    "pause": "暂停发布",
    "resume": "恢复发布",
    "expire": "到期下架",
    "taken_down": "已从平台撤下",
    "failed": "投递失败",
    "miss": "错过发布时间",
    "follow": "等官网到时",
    "go_ahead": "不再等待",
    "leave": "决定不再发",
    "display": "公示期起算",
    "phone_preview": "发手机预览",
    "record": "打印审核记录",
    "replan": "改期",
    "reorder": "调整顺序",
    "flipped": "发布后不见了",
    "outside_send": "平台上有人手工群发",
    "recover": "重启后核对",
    "accept_device": "接受屏幕",
    "release_device": "解除屏幕配对",
    "alert": "插播紧急信息",
    "end_alert": "结束紧急信息",
    "add_person": "添加人员",
    "create_token": "生成令牌",
}
STEPS = {"prepare": "准备", "deliver": "发送", "repeat": "重复同一次发送", "withdraw": "撤下"}
OUTCOMES = {  # of attempts
    "": "进行中",
    "accepted": "平台已受理",
    "done": "完成",
    "lost": "中断，结果不明",
    "RetryableError": "没有送到，可以再试",
    "PermanentError": "平台拒绝",
    "CredentialsError": "账号被拒绝",
    "UnknownOutcomeError": "结果不明，先核对",
    "UnfitError": "内容不合平台要求",
}
FOUND = {"present": "在平台上", "absent": "不在平台上", "unclear": "看不清"}

# how a state is to be seen: quiet, under way, good, needs a look, bad
ITEM_TONE = {
    I.DRAFT: "quiet",
    I.IN_REVIEW: "busy",
    I.SENT_BACK: "look",
    I.REJECTED: "bad",
    I.PLANNED: "busy",
    I.SENDING: "busy",
    I.PARTLY_PUBLISHED: "look",
    I.ACCEPTED: "busy",
    I.PUBLISHED: "good",
    I.UNCONFIRMED: "look",
    I.FAILED: "bad",
    I.MISSED: "bad",
    I.CANCELLED: "quiet",
    I.WITHDRAWING: "bad",
    I.WITHDRAWN: "quiet",
    I.EXPIRED: "quiet",
}
DELIVERY_TONE = {
    S.PLANNED: "busy",
    S.SENDING: "busy",
    S.ACCEPTED: "busy",
    S.CONFIRMED: "good",
    S.UNCONFIRMED: "look",
    S.FAILED: "bad",
    S.MISSED: "bad",
    S.CANCELLED: "quiet",
    S.WITHDRAWING: "bad",
    S.WITHDRAWN: "quiet",
    S.EXPIRED: "quiet",
}
TONE_ICON = {
    "quiet": "circle-dashed",
    "busy": "clock",
    "good": "circle-check",
    "look": "circle-alert",
    "bad": "circle-x",
}
DONE = {  # what a page says after an act, by the word in its address
    "imported": "文件已读入，请核对下面识别出来的内容，选好发布目标后保存",
    "saved": "稿件已保存",
    "submitted": "已提交送审，各渠道稿已定稿",
    "approve": "已通过",
    "send_back": "已退回给作者修改",
    "reject": "已否决",
    "expedited": "已按特急先行发布，其余环节请尽快补审",
    "withdrawn": "已开始撤回，下面是各处的进展",
    "settled": "核实结果已记录",
    "retried": "已重新排入发送",
    "gone_ahead": "已不再等待，按时间发送",
    "left": "已记下：不再发",
    "moved": "顺序已调整",
    "previewed": "预览已发到手机，请在微信里查看",
    "checked": "检查完毕，结果如下",
    "paused": "已暂停，到时间的投递先排队；撤下照常进行",
    "resumed": "已恢复发送",
    "accepted": "已接受，屏幕几秒后开始播放",
    "released": "已解除配对，屏幕几秒后不再显示内容",
    "alerted": "已插播，下面是各屏幕的回应",
    "alert_ended": "已结束插播",
    "signed_out": "已退出登录",
}


def when(moment: datetime, now: datetime) -> str:
    """Return a moment as people say it: today, tomorrow and yesterday by these words."""
    local, today = moment.astimezone(CAMPUS_TIME), now.astimezone(CAMPUS_TIME).date()
    near = {-1: "昨天", 0: "今天", 1: "明天"}.get((local.date() - today).days)
    return f"{near} {local.hour}:{local.minute:02d}" if near else times.say(moment)


def clock(moment: datetime) -> str:
    """Return the time of day as people say it: "8:30"."""
    local = moment.astimezone(CAMPUS_TIME)
    return f"{local.hour}:{local.minute:02d}"


def size(size_bytes: int) -> str:
    """Return the size of a file as people say it."""
    if size_bytes < 2**20:
        return f"{max(1, round(size_bytes / 2**10))} KB"
    return f"{size_bytes / 2**20:.1f} MB"
