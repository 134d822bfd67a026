"""Name the pages that have no place in the bar; whoever adds an area adds its lines here."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.web.page import page

__all__ = ["MENU", "Entry", "router"]

router = APIRouter(prefix="/manager", include_in_schema=False)

Entry = tuple[str, str, str, str, str, str]
"""Path, icon, 中文, English, what it is about in both."""

MENU: tuple[tuple[str, str, tuple[Entry, ...]], ...] = (
    (
        "门口与规则",
        "Gates and rules",
        (
            ("/manager/register", "map", "全部受控门点登记", "Register of every controlled point",
             "单元门、电梯、健身房、车库，也包括别家的设备",
             "Unit doors, lifts, gym, garage; other people's equipment too"),
            ("/manager/levels", "key", "通行权限", "Access levels",
             "哪些门、什么时段", "Which doors, at which times"),
            ("/manager/schedules", "clock", "时段与节假日", "Schedules and holidays",
             "每周时段、放假和调休", "Weekly hours, public holidays, make-up workdays"),
            ("/manager/rollouts", "package", "分步发布", "Staged roll-outs",
             "先试点，正常再发其余，出问题自动收回",
             "First at a few gates, then the rest; a fault takes it back by itself"),
            ("/manager/history", "history", "配置历史", "History of the configuration",
             "比较、回到从前", "Compare, go back"),
            ("/", "list", "实时动态", "Live page", "不显示姓名", "No names are shown"),
        ),
    ),
    (
        "住户",
        "People",
        (
            ("/desk", "people", "服务台", "Counter",
             "入住、迁出、发卡、成批打印、告示和表单",
             "Move in and out, fobs, batches, signs and forms"),
            ("/manager/imports", "upload", "导入住户名单", "Import residents",
             "Excel 或 CSV，确认前不保存，之后可撤销",
             "Excel or CSV; nothing is saved before you confirm, and it can be undone"),
            ("/manager/endings", "stop", "停用凭证的申请", "Endings that wait",
             "需要第二人同意的停用", "What a second person has to approve"),
            ("/manager/movements", "eye", "查询个人通行记录", "A person's movements",
             "须有理由、单号和第二人批准", "Needs a reason, a ticket and a second person"),
        ),
    ),
    (
        "员工",
        "Staff",
        (
            ("/manager/shifts", "chart", "保安班次统计", "Guards by shift",
             "没有呼叫的放行、重复、夜间", "Releases without a call, repeats, at night"),
            ("/manager/acts", "book", "员工操作记录", "What staff did",
             "谁在何时对谁做了什么，为什么", "Who did what, when, to whom and why"),
            ("/account", "lock", "我的登录方式", "How I sign in",
             "密码、动态码、通行密钥", "Password, one-time codes, passkeys"),
        ),
    ),
    (
        "合规与法务",
        "Compliance and legal",
        (
            ("/manager/compliance", "scale", "合规台", "Compliance desk",
             "影响评估、收费表、协议、培训、投诉、张贴物",
             "Impact assessment, fees, agreements, training, complaints, sheets to put up"),
            ("/sheets", "book", "年度材料", "Yearly sheets",
             "给业主、影响评估复审、未成年人审计、权限签字",
             "For owners, review, audit of minors, sign-off of rights"),
            ("/manager/legal", "stamp", "法务台", "Legal desk",
             "法院和主管机关的保全、调取、删除、停用",
             "Preserve, disclose, delete, end access by order"),
        ),
    ),
    (
        "系统",
        "System",
        (
            ("/manager/moving", "package", "从旧系统迁移", "Moving from an old system",
             "旧卡、旁听、逐门切换、旧终端清退",
             "Old fobs, listening, cutting over, old terminals"),
            ("/manager/keeping", "wrench", "系统维护", "Keeping it running",
             "软件、密钥、备份、移交", "Software, keys, backup, hand-over"),
        ),
    ),
)  # fmt: skip


@router.get("/more")
def more(request: Request) -> Response:
    """Show everything else that managers have."""
    return page(request, "manager/more.html", menu=MENU)
