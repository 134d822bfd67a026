"""Say in both languages what a key of `gate.toml` should hold.

The checks say it once, in English; this table turns every sentence of theirs into a cure. A test
holds the two together.
"""

import re

from mqtt.contract.reasons import ReasonCode, text_of

__all__ = ["cure_of"]

_PATTERNS: tuple[tuple[str, str, str], ...] = (
    (r"at least (\d+)", "至少 {0}", "at least {0}"),
    (r"at least one", "至少写一个", "name at least one"),
    (r"(\d+) to (\d+)", "{0} 到 {1}", "{0} to {1}"),
    (r"named twice", "同名出现两次，改其中一个", "named twice; change one of them"),
    (r"needs a row in face_buttons", "在 face_buttons 加一行", "add a row in face_buttons"),
    (
        r"fit a QR or fob reader there too",
        "同一处再装二维码或门禁卡读头",
        "fit a QR or fob reader there too",
    ),
    (r"true, for the face_cameras", "改为 true，face_cameras 需要", "true, for the face_cameras"),
    (
        r"the device of (\S+); QR and face need two",
        "与 {0} 是同一摄像头：二维码和人脸各用一个",
        "the device of {0}; QR and face need two",
    ),
    (
        r"a local camera; one on a network is for QR only",
        "用本机摄像头；网络摄像头只能用于二维码",
        "a local camera; one on a network is for QR only",
    ),
    (
        r"valve is for csi: sources; others open at once",
        "valve 只用于 csi: 摄像头，其他写 closed",
        "valve is for csi: sources; write closed for others",
    ),
    (r"above 0, at most retry_to_ms", "大于 0，不超过 retry_to_ms", "above 0, at most retry_to_ms"),
    (r"64 hex digits", "填本小区文档公钥，64 位十六进制", "the site's document key, 64 hex digits"),
    (r"leave the table out", "没有此按钮就删去整个表", "leave the table out"),
    (r"on the chip of (\S+)", "与 {0} 用同一芯片", "use a line on the chip of {0}"),
    (r"the line of (\S+)", "与 {0} 是同一条线，换一条", "the line of {0}; use another"),
    (
        r"address (\d+) twice on one bus",
        "同一总线上有两个地址 {0}，改其中一个",
        "two devices with address {0} on one bus; change one",
    ),
    (r"(.*\|.*|gpio:.*|sim .*)", "写成其中之一：{0}", "one of: {0}"),
    (r"(the format .*|.*bit.*|.*field.*|.*parit.*)", "改正卡格式：{0}", "mend the format: {0}"),
)
_NAME = ("4 到 40 个字符，只用 a-z、0-9 和 -", "4 to 40 of a-z, 0-9 and -")
_SCBK = (
    "写上读头安全通道密钥的文件，用 osdp-key 生成",
    "name the file with the reader's secure channel key",
)


def cure_of(code: ReasonCode, expected: str) -> tuple[str, str]:
    """Return what to do in zh-CN and English; `expected` is what the check said, or empty."""
    if code is ReasonCode.BAD_NAME:
        return _NAME
    if code is ReasonCode.READER_KEY_MISSING:
        return _SCBK
    for pattern, zh, en in _PATTERNS:
        found = re.fullmatch(pattern, expected)
        if found:
            return zh.format(*found.groups()), en.format(*found.groups())
    text = text_of(code)
    return (text.cure_zh, text.cure_en) if not expected else (expected, expected)
