"""One sentence to staff about a delivery: what it waits for, and what they should do. Pure."""

from __future__ import annotations

from publisher.model.delivery import Delivery
from publisher.model.states import DeliveryState as S

BY_STATE = {
    S.PLANNED: "到时间自动发送，无需处理",
    S.SENDING: "正在发送，请稍候",
    S.ACCEPTED: "平台已受理，正在核对是否已经可见",
    S.CONFIRMED: "已在平台上看到，无需处理",
    S.UNCONFIRMED: "平台的答复丢失了，正在核对；请勿另发，以免重复",
    S.FAILED: "没有发出去，请查明原因后重新发送",
    S.MISSED: "过了最晚发布时间，没有发出；仍需要发布请重新发送",
    S.CANCELLED: "发送前已取消，无需处理",
    S.WITHDRAWING: "正在从平台撤下，撤下并核对之后才算完成",
    S.WITHDRAWN: "已从平台撤下，无需处理",
    S.EXPIRED: "公开期限已满，已从平台撤下",
}
LEFT = "已决定不再发，无需处理"  # the advice of what a person has decided not to send
LOOKED_AT = (S.ACCEPTED, S.UNCONFIRMED)
BY_EYE = "程序不能到这个平台上查询，请人工核实再登记；请勿另发，以免重复"


def advice(delivery: Delivery) -> str:
    """Return what the channel advised last, or else what its state means.

    Where the outlet cannot be asked, no look is to come, and a person is to go and see.
    """
    if delivery.advice:
        return delivery.advice
    if delivery.state in LOOKED_AT and delivery.check_at is None:
        return BY_EYE
    return BY_STATE[S(delivery.state)]
