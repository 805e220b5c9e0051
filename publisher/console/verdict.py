"""How a target is, in a tone, a word and a sentence."""

from __future__ import annotations

from publisher.model.words import BREAKER
from publisher.storage.queries import TargetRow


def verdict(row: TargetRow) -> tuple[str, str, str]:
    """Return tone, word and advice for the whole of a target."""
    health = row.health
    advice = str(health.get("advice") or "")
    if row.pause is not None:
        where = "请点" if row.pause.scope.startswith("target:") else "请在“全部和渠道”里点"
        return "look", "已暂停", advice or f"原因解决后{where}“恢复”，排着的投递会接着发出"
    if row.breaker != "closed":
        return ("look" if row.breaker == "half_open" else "bad"), BREAKER[row.breaker], row.advice
    if not health:
        return "quiet", "还没检查", "请点“立即检查”"
    if not health.get("is_reachable"):
        return "bad", "连不上", advice or "请检查网络和地址"
    if health.get("is_signed_in") is False:
        return "bad", "未登录", advice or "请到平台上重新登录账号"
    return ("look", "需要处理", advice) if advice else ("good", "正常", "")
