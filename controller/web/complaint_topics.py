"""Name what complaints are about, in the order in which pages offer it."""

from controller.domain.complaints import ComplaintTopic
from controller.web.words import Words

__all__ = ["topics_for"]


def topics_for(w: Words) -> list[tuple[str, str, str]]:
    """Return (value, text, hint) of every topic."""
    said = {
        ComplaintTopic.FORCED: (
            w("有人要求我用人脸", "I was made to use my face"),
            w("只有检查人员能看到，物业看不到", "Only the inspector reads this, the desk cannot"),
        ),
        ComplaintTopic.REFUSED: (
            w("不给办卡、码或不让进", "I was refused a fob, code or entry"),
            "",
        ),
        ComplaintTopic.SLOWER: (
            w("不用人脸就更慢、更麻烦", "Without face it is slower or harder"),
            "",
        ),
        ComplaintTopic.FEE: (w("门禁收费", "A fee for getting in"), ""),
        ComplaintTopic.DATA: (w("个人信息", "My data"), ""),
        ComplaintTopic.STAFF: (w("工作人员", "Staff"), ""),
        ComplaintTopic.OTHER: (w("其他", "Something else"), ""),
    }
    return [(topic.value, text, hint) for topic, (text, hint) in said.items()]
