"""Fill the example compound's papers: the register of points, and the impact assessment for face.

Invented like everything of the example; a real compound writes its own on the compliance desk.
"""

from controller.domain.desk.forms import DeskKind
from controller.domain.moment import Moment
from controller.domain.roles import Actor
from controller.services.desk.records import approve, keep
from controller.services.managing.points import PointDraft, add_point
from controller.services.site import Site
from controller.storage.unit_of_work import UnitOfWork

__all__ = ["seed_assessment", "seed_register"]

OPERATOR = "同行苑物业服务中心"
_OURS = {
    "south-in": "南门进",
    "south-out": "南门出",
    "north-in": "北门进",
    "north-out": "北门出",
}
_FOREIGN = (
    PointDraft("1 幢单元门", "unit_door", "1 幢", "某门禁公司", ways=("fob", "pin")),
    PointDraft("1 幢电梯", "lift", "1 幢", "某电梯公司", ways=("fob",)),
    PointDraft("地下车库", "garage", "南侧", "某停车公司", ways=("plate", "guard")),
)
_ASSESSMENT = {
    "operator": OPERATOR,
    "person": "沈经理，电话见大门公示栏",
    "trigger": "首次",
    "gates": "南门进、北门进",
    "data": "自愿者的三份人脸特征值，只存于其登记过的门口机，不外传",
    "people": "示例小区约四十人，其中一名儿童（未开放）、一名八十一岁老人",
    "devices": "YuNet 2026may、face-reidentification-retail-0095，哈希见模型清单",
    "storage": "门口机内加密存放，最长十二个月，撤回即删",
    "recipients": "无",
    "purpose": "只用于本人开门，按键后才开启摄像头",
    "others": "双手提物、行动不便的自愿者按一下键即可；其他方式同样可用",
    "one_to_one": "考虑过；房号人人可知，降低门槛反而便于冒用，见设计决定 0009",
    "voluntary": "完全自愿；不同意者用二维码、门禁卡或保安，时间与权利相同",
    "errors": "误识目标每次千分之三；拒识者改用其他方式",
    "bystanders": "只看按键者中最近的一人，旁人不提取特征；未满十四周岁不开放",
    "threats": "特征值泄露不可更换，故一人一密钥、设备内加密、无网络进程",
    "measures": "按键前摄像头关闭；租约二十四小时；撤回后逐门删除并签收",
    "residual": "门口机被盗；以租约到期与密钥删除限制",
    "consulted": "业主委员会、老年住户代表",
    "decision": "同意在两道门开通，一年后复评",
    "filing": "约四十人，远低于十万人",
}


def seed_register(uow: UnitOfWork, manager: Actor, moment: Moment) -> None:
    """Register our four access points and three points of foreign equipment; the caller commits."""
    for name, title in _OURS.items():
        draft = PointDraft(title, "gate", title[:2], OPERATOR, access_point=name)
        add_point(uow, manager, draft, moment)
    for foreign in _FOREIGN:
        add_point(uow, manager, foreign, moment)


def seed_assessment(
    uow: UnitOfWork, site: Site, author: Actor, approver: Actor, moment: Moment
) -> None:
    """Put the example's impact assessment in force, approved by a second person."""
    row = keep(uow, site, author, DeskKind.PIPIA, _ASSESSMENT, moment=moment)
    approve(uow, approver, row.id, moment)
