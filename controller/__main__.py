"""Run the controller: `python -m controller serve --config controller.toml`.

Exit status: 0 done, 1 something was refused or is not there, 2 bad use.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mqtt.contract.errors import EqualGateError

__all__ = ["main"]

_EPILOG = """\
serve     运行网页和接口 / serve pages and API; --with-ingest runs ingest beside it
ingest    接收门口机的记录 / take in what the gates send
migrate   更新数据库结构 / bring the database to this version (first of all)
seed      建立示例小区 / make an example compound in an empty database
account   建立第一个物业账号 / make the first manager account; the password is read from stdin
handover  移交 / hand the compound over to another company; see handover --help
provision 新设备入网 / bring a new gate unit in; see provision --help
backup    备份 / write a copy of the database while it is in use (SQLite)
restore   恢复 / replace the database by a copy; stop the controller first (SQLite)

例 / example:  python -m controller serve --config controller.toml --with-ingest
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; errors are told in zh-CN and English."""
    try:
        arguments = _parser().parse_args(argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
    try:
        return _run(arguments)
    except EqualGateError as error:
        for language in ("zh-CN", "en"):
            line = f"{error.code.value}: {error.text(language)} {error.cure(language)}"
            print(line, file=sys.stderr)  # noqa: T201  the operator's screen
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m controller",
        description="EqualGate 小区控制器 / the compound's controller",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in (
        "serve",
        "ingest",
        "migrate",
        "seed",
        "account",
        "handover",
        "provision",
        "backup",
        "restore",
    ):
        command = commands.add_parser(name)
        command.add_argument(
            "--config",
            type=Path,
            default=Path("controller.toml"),
            help="设置文件 / settings file (controller.toml)",
        )
        _add_own(name, command)
    return parser


def _add_own(name: str, command: argparse.ArgumentParser) -> None:
    if name == "serve":
        told = "同时运行记录接收 / run ingest as a child process"
        command.add_argument("--with-ingest", action="store_true", help=told)
    elif name == "ingest":
        command.add_argument("--parent", type=int, default=0, help=argparse.SUPPRESS)
    elif name == "seed":
        told = "随机种子 / number that the invented people follow from"
        command.add_argument("--seed", type=int, default=1, help=told)
    elif name == "account":
        command.add_argument("--login", required=True, help="账号 / account")
        command.add_argument("--name", required=True, help="姓名 / name of the person")
    elif name == "handover":
        from controller.bootstrap.handover import add_arguments

        add_arguments(command)
    elif name == "provision":
        from controller.bootstrap.provision import add_arguments as add_provision

        add_provision(command)
    elif name in {"backup", "restore"}:
        command.add_argument("file", type=Path, help="备份文件 / the copy")


def _run(arguments: argparse.Namespace) -> int:
    # Each command loads only its own code: ingest needs no web framework.
    from controller.bootstrap.logs import configure_logs
    from controller.settings import load

    configure_logs()
    settings = load(arguments.config)
    match arguments.command:
        case "serve":
            from controller.bootstrap.serve import run_serve

            return run_serve(settings, arguments.config, with_ingest=arguments.with_ingest)
        case "ingest":
            from controller.bootstrap.ingest import run_ingest

            return run_ingest(settings, parent=arguments.parent)
        case _:
            return _chore(arguments)


def _chore(arguments: argparse.Namespace) -> int:
    from controller.bootstrap import chores
    from controller.settings import load

    settings = load(arguments.config)
    match arguments.command:
        case "migrate":
            chores.migrate(settings)
        case "seed":
            print(chores.seed(settings, arguments.seed))  # noqa: T201  told once, kept nowhere
        case "account":
            password = sys.stdin.readline().rstrip("\n")
            chores.add_first_account(settings, arguments.login, arguments.name, password)
        case "handover":
            from controller.bootstrap.handover import run_handover

            run_handover(settings, arguments)
        case "provision":
            from controller.bootstrap.provision import run_provision

            run_provision(settings, arguments)
        case "backup":
            chores.back_up(settings, arguments.file)
        case _:
            chores.restore(settings, arguments.file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
