"""Say what guards choose from: preset reasons and what is done at a door."""

from collections.abc import Mapping

__all__ = ["ACT_WORDS", "REASONS", "reason_text"]

REASONS: Mapping[str, tuple[str, str]] = {
    "visitor": ("访客已登记", "Visitor, noted"),
    "resident": ("住户没带凭证，已核实", "Resident without a pass, known"),
    "delivery": ("快递、维修、搬运", "Delivery, repair, removal"),
}
ACT_WORDS: Mapping[str, tuple[str, str]] = {
    "emergency-hold": ("已下令紧急常开 10 分钟，请第二人稍后会签", "Held open for 10 minutes"),
    "end-hold": ("已下令结束常开", "Holding open ends"),
    "lockdown": ("已下令封闭 15 分钟，住户照常进门", "Locked down for 15 minutes"),
    "end-lockdown": ("已下令解除封闭", "Lockdown ends"),
    "clear-tamper": ("已下令解除防拆", "The tamper latch is cleared"),
}


def reason_text(key: str) -> str:
    """Return the reason as it is recorded: the preset's Chinese text, or what was typed."""
    return REASONS[key][0] if key in REASONS else key.strip()
