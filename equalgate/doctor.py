"""Print what this machine has and lacks, with the cure for each missing thing."""

import json
from collections.abc import Callable
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from equalgate.setup_checks import Check, Need, all_checks

__all__ = ["main"]

NEEDED_FOR = {
    Need.DEMO: "演示 / demo",
    Need.TEST: "测试 / tests",
    Need.NOTHING: "可选 / optional",
}


def main(*, as_json: bool, look: Callable[[], list[Check]] = all_checks) -> int:
    """Print the findings as a table or as JSON; return 1 if the demo lacks something, else 0."""
    checks = look()
    if as_json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=2))
    else:
        Console().print(_table(checks))
    lacking = [c for c in checks if not c.present and c.needed_for is Need.DEMO]
    return 1 if lacking else 0


def _table(checks: list[Check]) -> Table:
    table = Table(title="EqualGate 本机检查 / this machine")
    for heading in ("项目 / what", "状态 / state", "用于 / for", "办法 / cure"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        mark = "✓" if check.present else "✗"
        state = f"{mark} {check.found or '缺少 / missing'}"
        table.add_row(check.name, state, NEEDED_FOR[check.needed_for], check.cure)
    return table
