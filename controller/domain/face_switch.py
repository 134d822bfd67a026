"""Check what must be on record before face is on somewhere, and name the switch that ends it.

NS-09  face is off until the impact assessment, the notice in force and the attested sign are on
       record (Order 19 Art. 4, 5, 9; PIPL Art. 55);
NS-10  one switch suspends face per access point, gate or compound, and nothing else;
NO-01  a notice names the other ways, withdrawal, storage and where to complain (PIPL Art. 17);
CO-05  it promises nothing unlimited or irrevocable (法释〔2021〕15号 Art. 11).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.moment import DAY_MS
from controller.domain.refusal import Refusal
from mqtt.contract.policy_checks import is_record_name
from mqtt.contract.reasons import ReasonCode
from mqtt.contract.records_face import NOTICE_CHARACTERS, FaceSettingsRecord

__all__ = [
    "COMPOUND",
    "SIGN_MS",
    "NoticeText",
    "ap_scope",
    "check_notice",
    "check_settings",
    "gate_scope",
    "is_on",
]

COMPOUND = "compound"
SIGN_MS = 183 * DAY_MS
"""How old the attestation of the sign may be when face is switched on: six months (rule NO-02)."""

_ARTICLE_BEFORE = "Order 19 Art. 4, 5, 9; PIPL Art. 55"
_ARTICLE_NOTICE = "PIPL Art. 17, 30; Order 19 Art. 5"
_MUST_SAY = {
    "other_ways": (("刷卡", "门禁卡"), ("fob", "card")),
    "code": (("二维码", "扫码"), ("QR",)),
    "guard": (("门卫", "保安"), ("guard",)),
    "not_required": (("自愿", "非必需", "不是必须"), ("voluntary", "not required")),
    "withdrawal": (("撤回",), ("withdraw",)),
    "erasure": (("删除",), ("erase", "delet")),
    "storage": (("本机", "门口设备", "门禁机"), ("gate",)),
    "under_18": (("监护人",), ("guardian",)),
    "complaint": (("投诉", "12345"), ("complain",)),
}
_MUST_NOT_SAY = {
    "unlimited": (
        ("永久有效", "永久授权", "无限期"),
        ("unlimited", "in perpetuity", "indefinitely"),
    ),
    "irrevocable": (("不可撤回", "不可撤销", "不得撤回"), ("irrevocabl",)),
    "transferable": (("可转让", "转授权", "再授权"), ("transferable", "sublicens")),
    "forced": (("必须刷脸", "只能刷脸", "仅限刷脸"), ("only by face", "face is required")),
}


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A whole notice and its short text for the gate screen, in both languages."""

    version: str
    zh: str
    en: str
    screen_zh: str
    screen_en: str


def ap_scope(access_point: str) -> str:
    """Return the scope of the switch of one access point."""
    return f"ap:{access_point}"


def gate_scope(gate: str) -> str:
    """Return the scope of the switch of one gate unit."""
    return f"gate:{gate}"


def is_on(switches: Mapping[str, bool], gate: str, access_point: str) -> bool:
    """Tell whether no switch keeps face off at an access point; a missing switch is on."""
    scopes = (COMPOUND, gate_scope(gate), ap_scope(access_point))
    return all(switches.get(scope, True) for scope in scopes)


def check_settings(
    settings: FaceSettingsRecord, notice_in_force: str, now_ms: int
) -> Refusal | None:
    """Return the first thing that is missing before face may be on at an access point.

    Whether PAD files are there is known at the gate, which then asks for `pad_accepted`.
    """
    if not settings.pipia_ref.strip():
        return _missing("pipia_ref")
    if not notice_in_force or settings.notice_version != notice_in_force:
        return _missing("notice_version")
    attested_ms = settings.sign_attested_at_ms
    if not now_ms - SIGN_MS <= attested_ms <= now_ms:
        return _missing("sign_attested_at_ms: in the last six months")
    return None


def check_notice(notice: NoticeText) -> Refusal | None:
    """Return the first element that a notice lacks, or wording that no notice may have."""
    if not is_record_name(notice.version):
        return Refusal(ReasonCode.BAD_NAME, "NO-01", detail="version")
    for name in ("screen_zh", "screen_en"):
        if not 0 < len(getattr(notice, name)) <= NOTICE_CHARACTERS:
            return _wording("NO-01", f"{name}: 1 to {NOTICE_CHARACTERS} characters")
    for element, words in _MUST_SAY.items():
        for language, text, found in _texts(notice, words):
            if not any(word.lower() in text for word in found):
                return _wording("NO-01", f"{language}: {element}")
    for element, words in _MUST_NOT_SAY.items():
        for language, text, found in _texts(notice, words):
            if any(word.lower() in text for word in found):
                return _wording("CO-05", f"{language}: {element}")
    return None


def _texts(
    notice: NoticeText, words: tuple[tuple[str, ...], tuple[str, ...]]
) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return (("zh", notice.zh.lower(), words[0]), ("en", notice.en.lower(), words[1]))


def _missing(what: str) -> Refusal:
    return Refusal(ReasonCode.FACE_NOT_PREPARED, "NS-09", _ARTICLE_BEFORE, what)


def _wording(rule: str, what: str) -> Refusal:
    article = _ARTICLE_NOTICE if rule == "NO-01" else "法释〔2021〕15号 Art. 11"
    return Refusal(ReasonCode.CONFIG_INVALID, rule, article, what)
