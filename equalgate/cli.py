"""Offer every command of EqualGate; each loads its code only when it runs.

Exit status: 0 done, 1 a check failed or something was refused, 2 bad use.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from equalgate.entry import MissingPartError, load
from equalgate.inspecting import district, witness
from mqtt.contract.errors import EqualGateError

__all__ = ["app", "main"]

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

app = typer.Typer(
    name="equalgate",
    help="EqualGate 同行门禁：四种方式，平等通行 / access control in which face is never needed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with local values can show personal data
)
edge = typer.Typer(no_args_is_help=True, help="门口机 / a gate unit")
controller = typer.Typer(no_args_is_help=True, help="小区控制器 / the compound's controller")
models = typer.Typer(no_args_is_help=True, help="人脸模型 / face models")
engine = typer.Typer(no_args_is_help=True, help="TensorRT 引擎 / TensorRT engines")
app.add_typer(edge, name="edge")
edge.add_typer(engine, name="engine")
app.add_typer(controller, name="controller")
app.add_typer(models, name="models")
app.add_typer(witness, name="witness")
app.add_typer(district, name="district")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status; errors are told in zh-CN and English."""
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="equalgate")
    except EqualGateError as error:
        for language in ("zh-CN", "en"):
            _tell(f"{error.code.value}: {error.text(language)} {error.cure(language)}")
        return 1
    except MissingPartError as error:
        _tell(f"这里没有安装 / not installed here: {error.module}. {error.cure()}")
        return 1
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="无浏览器演示 / tour as JSON lines")] = False,
    http_port: Annotated[int, typer.Option(help="网页端口，0 自动 / page port, 0 picks one")] = 0,
    broker_port: Annotated[int, typer.Option(help="MQTT 端口，0 自动 / 0 picks one")] = 0,
    evidence: Annotated[
        Path | None, typer.Option(help="保存证据包到此文件 / keep the evidence bundle here")
    ] = None,
) -> None:
    """Run a compound on this machine with two simulated gate units / 在本机运行一个小区.

    Example: equalgate demo --once --evidence bundle.zip
    """
    run = load("equalgate.demo", "main")
    ports = {"http_port": http_port, "broker_port": broker_port}
    raise typer.Exit(run(once=once, evidence=evidence, **ports))


@app.command(context_settings=PASS_ON)
def verify(context: typer.Context) -> None:
    """Check an evidence bundle offline / 离线核对证据包.

    Answers INTACT (exit 0), ALTERED or INCOMPLETE (exit 1); 2 for bad use. Options: --json, --key.

    Example: equalgate verify BUNDLE.zip --key 63910b3a0bd123a1
    """
    run = load("equalgate.verifying.program", "main")
    raise typer.Exit(run(context.args))


@app.command()
def simulate(
    seeds: Annotated[int, typer.Option(min=1, help="种子个数 / how many seeds")] = 20,
    first_seed: Annotated[int, typer.Option(min=0, help="第一个种子 / first seed")] = 1,
    hours: Annotated[float, typer.Option(min=0.01, help="模拟小时 / simulated hours")] = 1.0,
) -> None:
    """Run gates, broker and controller in simulated time, with faults / 确定性模拟.

    Example: equalgate simulate --seeds 200
    """
    run = load("equalgate.simulate", "main")
    raise typer.Exit(run(seeds=seeds, first_seed=first_seed, hours=hours))


@app.command()
def bench(
    names: Annotated[list[str] | None, typer.Argument(help="名称 / names; all if none")] = None,
) -> None:
    """Measure and print JSON lines / 基准测试.

    Example: equalgate bench fob qr
    """
    raise typer.Exit(load("equalgate.bench", "main")(names or []))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """Show what this machine has and lacks, and the cure / 本机检查.

    Example: equalgate doctor --json
    """
    raise typer.Exit(load("equalgate.doctor", "main")(as_json=as_json))


@edge.command("read-qr")
def read_qr(
    images: Annotated[list[Path], typer.Argument(help="图片文件 / picture files")],
) -> None:
    """Read the QR codes in pictures, one JSON line each / 读取图片中的二维码.

    Example: equalgate edge read-qr pass.png slip.jpg
    """
    raise typer.Exit(load("edge.workers.qr.cli", "read_qr")(images))


@edge.command("face-report")
def face_report(
    pairs: Annotated[Path, typer.Option(help="配对清单 TSV / left<TAB>right<TAB>0|1 per line")],
    images: Annotated[Path, typer.Option(help="图片文件夹 / folder of the pictures")],
    models_folder: Annotated[
        Path | None, typer.Option("--models", help="模型文件夹 / folder of the models")
    ] = None,
) -> None:
    """Measure how well the face models compare labelled pairs / 测量人脸模型的准确率.

    Example: equalgate edge face-report --pairs lfw.tsv --images lfw
    """
    from equalgate.models import find_models

    run = load("edge.workers.face.report_cli", "face_report")
    raise typer.Exit(run(pairs, images, find_models(models_folder)))


@models.command("install")
def install_models(
    origin: Annotated[
        Path | None, typer.Option("--from", help="存放文件的文件夹 / folder that has the files")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="安装到 / install here")] = None,
    with_optional: Annotated[
        bool, typer.Option("--all", help="包括可选模型 / the optional ones as well")
    ] = False,
) -> None:
    """Install face models, checked by hash and known answers / 安装人脸模型.

    Example: equalgate models install --from /media/usb/models
    """
    run = load("equalgate.models", "install")
    raise typer.Exit(run(origin=origin, into=into, with_optional=with_optional))


@models.command("list")
def list_models(
    folder: Annotated[Path | None, typer.Option(help="模型文件夹 / folder of the models")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """List the face models, their state, licence and caveats / 列出人脸模型.

    Example: equalgate models list
    """
    raise typer.Exit(load("equalgate.models", "list_models")(folder=folder, as_json=as_json))


def _pass_on(module: str, verb: str) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        raise typer.Exit(load(module, "main")([verb, *context.args]))

    return command


def _add(group: typer.Typer, module: str, verbs: dict[str, str]) -> None:
    for verb, purpose in verbs.items():
        # The program itself explains its options, so --help is passed on as well.
        group.command(verb, help=purpose, context_settings=PASS_ON, add_help_option=False)(
            _pass_on(module, verb)
        )


_add(
    edge,
    "edge.__main__",
    {
        "run": "运行门口机 / run a gate unit",
        "check-config": "检查配置文件 / check a configuration file",
        "sim": "运行模拟硬件的门口机 / run a gate unit with simulated hardware",
        "provision": "新设备入网 / bring this unit into a compound",
        "plate": "密钥指纹铭牌 / the plate with this unit's key fingerprint",
    },
)
_add(
    engine,
    "equalgate.engines",
    {
        "build": "提前生成引擎 / build the engines ahead of time",
        "list": "列出引擎 / list the engines",
        "verify": "核对引擎的已知答案 / ask every engine its known answers",
        "prune": "删除不再可用的引擎 / remove engines that cannot be used any more",
    },
)
_add(
    controller,
    "controller.__main__",
    {
        "serve": "运行网页和接口 / serve pages and API",
        "ingest": "接收门口机的记录 / take in events of the gates",
        "migrate": "更新数据库结构 / bring the database to this version",
        "seed": "建立示例小区 / make an example compound",
        "handover": "移交给另一家物业 / hand over to another company",
        "provision": "新设备入网 / bring a new gate unit in",
        "backup": "备份 / back up",
        "restore": "恢复 / restore",
    },
)
