"""Set face up in the example compound: a notice, the records behind it, and one reservation.

Nobody of the example has consented: that happens at a gate and nowhere else.
"""

from controller.domain.face_switch import NoticeText
from controller.domain.moment import DAY_MS, Moment
from controller.domain.roles import Actor
from controller.services.consent import reserve
from controller.services.face_settings import enable_face
from controller.services.notices import publish_notice
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork
from mqtt.contract.records_face import FaceSettingsRecord

__all__ = ["EXAMPLE_NOTICE", "seed_face"]

_ZH = """\
同行苑刷脸进门告知书（示例）
一、运营者：同行苑物业服务中心，负责人及电话见大门公示栏。
二、目的：只用于打开下列门，不作其他用途。
三、方式：只有您按下刷脸按钮后，门口设备才开启摄像头，在本机与已登记的人比对；不联网。
四、内容：登记时取三份人脸特征值；照片当场删除，不保存。
五、期限：最长十二个月，到期删除，需要时重新同意。
六、必要性：刷脸不是必须，完全自愿；不同意不影响您进门。
七、影响：特征值若泄露不能更换，所以加密存放在门口设备内，任何人不能导出。
八、其他方式：刷卡、二维码（手机或纸质）、门卫开门，时间相同，不收费，到物业处领取。
九、您的权利：可随时撤回，在门口本人刷卡后按住刷脸按钮三秒，或在住户页面、物业处、门卫处办理；
可以查看、复制、更正、删除，二十四小时内办结。
十、存放地点：仅存于您登记过的门口设备，不提供给任何人。
十一、未成年人：未满十八周岁须监护人另行同意；未满十四周岁不开放。
十二、老年人和残疾人可请物业人员讲解，但须本人决定。
十三、投诉：物业处十日内答复；也可向住房主管部门、网信部门或 12345 投诉。
十四、版本与日期见本页，影响评估编号见大门公示栏。
"""
_EN = """\
Entry by face at Tongxing Court: notice (example)
1. Operator: the Tongxing Court property office; the person responsible is named at the main gate.
2. Purpose: to open the gates listed, and nothing else.
3. Manner: the camera opens only after you press the face button; your face is compared in the gate
unit with the people enrolled there. Nothing is sent over a network.
4. Data: three sets of face features taken at enrolment; pictures are deleted at once.
5. Term: 12 months at most, then everything is erased unless you agree again.
6. Face is voluntary and not required; saying no changes nothing else.
7. Risk: features cannot be replaced once leaked, so they lie sealed in the gate unit.
8. Other ways: fob, QR code on a phone or on paper, the guard; same hours, no fee, at the desk.
9. You may withdraw at any time: at the gate, own fob and then the face button for three seconds, on
the resident page, at the desk or with the guard; you may see, copy, correct and delete your data.
10. Stored in the gate units where you enrolled and nowhere else; given to nobody.
11. Under 18 a guardian has to agree as well; under 14 face is off.
12. Staff may explain to elderly and disabled people; the decision is theirs.
13. Complain to the desk (answer within 10 days), the housing authority, the CAC or 12345.
14. Version and date stand on this page, the impact assessment at the main gate.
"""
EXAMPLE_NOTICE = NoticeText(
    "2026-01",
    _ZH,
    _EN,
    "刷脸自愿，只开这道门；刷卡、二维码、门卫同样可进。可随时撤回。同意请短按刷脸按钮，"
    "不同意请按任意键。",
    "Face is voluntary and opens this gate only; fob, QR and guard work alike. Withdraw at any "
    "time. Short press of the face button: yes. Any key: no.",
)


def seed_face(
    uow: UnitOfWork,
    site: Site,
    manager: Actor,
    points: tuple[str, ...],
    *,
    moment: Moment,
    wishes: tuple[bytes, ...] = (),
) -> None:
    """Publish the example notice and fit face at these access points; the caller commits.

    `wishes` are residents who have reserved it there by themselves.
    """
    publish_notice(uow, manager, EXAMPLE_NOTICE, moment)
    settings = FaceSettingsRecord(
        pipia_ref="PIA-2026-01",
        notice_version=EXAMPLE_NOTICE.version,
        sign_attested_at_ms=moment.utc_ms - DAY_MS,
        pad_accepted=True,
    )
    for point in points:
        enable_face(uow, manager, point, settings, moment)
    for holder in wishes:
        reserve(uow, site, Actor(holder), holder, frozenset(points), moment=moment)
