"""Load a command's code only when the command runs, and say what to install when it cannot."""

import importlib
from collections.abc import Callable

__all__ = ["MissingPartError", "load"]

# Import name of a third-party module -> the extra of this distribution that brings it.
EXTRA_OF_MODULE = {
    "alembic": "controller",
    "cv2": "qr",
    "fastapi": "controller",
    "gpiod": "edge",
    "numpy": "qr",
    "onnx": "face",
    "onnxruntime": "face",
    "osdp": "edge",
    "psycopg": "postgres",
    "pyzbar": "qr",
    "segno": "controller",
    "serial": "edge",
    "sqlalchemy": "controller",
    "uvicorn": "controller",
    "zxingcpp": "qr",
}


class MissingPartError(Exception):
    """A command needs a part of EqualGate that this environment lacks."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.module = module

    def cure(self) -> str:
        """Say in zh-CN and English what brings the missing part."""
        extra = EXTRA_OF_MODULE.get(self.module.partition(".")[0])
        wanted = f"pip install 'equalgate[{extra}]'" if extra else "./gate demo"
        return f"请安装 / please install: {wanted}"


def load(module: str, function: str) -> Callable[..., int]:
    """Return `function` of `module`; it does the command's work and answers the exit status.

    Raises MissingPartError when the module, or one that it imports, is not installed here.
    """
    try:
        loaded = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        raise MissingPartError(error.name or module) from error
    if not callable(loaded):
        raise TypeError(f"{module}.{function} is not a function")
    run: Callable[..., int] = loaded
    return run
