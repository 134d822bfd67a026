"""Answer errors as problem documents (RFC 9457) with zh-CN, English and what to do now.

A refusal names the rule and the article behind it. No answer repeats what was sent.
"""

import logging
from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from mqtt.contract.errors import (
    ContractError,
    EqualGateError,
    RefusedError,
    StorageError,
    UnavailableError,
)
from mqtt.contract.reasons import ReasonCode, text_of

__all__ = ["MEDIA_TYPE", "Problem", "Words", "answer", "install", "problem_of", "words_of"]

MEDIA_TYPE = "application/problem+json"
_RETRY_S = 3
_log = logging.getLogger(__name__)

_STATUS: Mapping[ReasonCode, int] = {
    ReasonCode.NOT_FOUND: 404,
    ReasonCode.CONFLICT: 409,
    ReasonCode.NOT_ALLOWED: 403,
    ReasonCode.ROLE_NOT_ALLOWED: 403,
    ReasonCode.RATE_LIMITED: 429,
    ReasonCode.TOO_LARGE: 413,
}
_CODE_OF_STATUS: Mapping[int, ReasonCode] = {
    401: ReasonCode.NOT_ALLOWED,
    403: ReasonCode.ROLE_NOT_ALLOWED,
    404: ReasonCode.NOT_FOUND,
    405: ReasonCode.NOT_SUPPORTED,
    413: ReasonCode.TOO_LARGE,
    429: ReasonCode.RATE_LIMITED,
}


class Words(BaseModel):
    """One text in both languages."""

    zh: str
    en: str


class Problem(BaseModel):
    """What went wrong (RFC 9457 §3); `rule` and `article` are given where a rule refused it."""

    type: str = Field(description="a stable name of the problem")
    title: str
    status: int
    code: str = Field(description="reason code, see the reference of reasons")
    reason: Words
    cure: Words
    detail: str = Field("", description="names of fields and limits only")
    rule: str = ""
    article: str = ""


def words_of(code: ReasonCode) -> tuple[Words, Words]:
    """Return what a reason says and its cure."""
    text = text_of(code)
    return Words(zh=text.zh, en=text.en), Words(zh=text.cure_zh, en=text.cure_en)


def problem_of(error: EqualGateError) -> Problem:
    """Return the problem for an error of our tree."""
    status = _status_of(error)
    cure = Words(zh=error.cure("zh-CN"), en=error.cure("en"))
    said, _ = words_of(error.code)
    named = (error.rule, error.article) if isinstance(error, RefusedError) else ("", "")
    return _problem(error.code, status, said, cure, detail=error.detail, named=named)


def _problem(
    code: ReasonCode,
    status: int,
    said: Words,
    cure: Words,
    *,
    detail: str,
    named: tuple[str, str] = ("", ""),
) -> Problem:
    return Problem(
        type=f"urn:equalgate:problem:{code.value}",
        title=said.en,
        status=status,
        code=code.value,
        reason=said,
        cure=cure,
        detail=detail,
        rule=named[0],
        article=named[1],
    )


def _status_of(error: EqualGateError) -> int:
    match error:
        case StorageError() | UnavailableError():
            return 503
        case ContractError():
            return 413 if error.code is ReasonCode.TOO_LARGE else 400
        case _:
            return _STATUS.get(error.code, 422)


def answer(problem: Problem) -> JSONResponse:
    """Return the response for a problem."""
    headers = {"Cache-Control": "no-store"}
    if problem.status in {429, 503}:
        headers["Retry-After"] = str(_RETRY_S)
    return JSONResponse(problem.model_dump(), problem.status, headers, MEDIA_TYPE)


def install(app: FastAPI, show: Callable[[Request, Problem], Response]) -> None:
    """Make the application answer every error so; `show` gives people a page instead."""

    async def of_ours(request: Request, error: Exception) -> Response:
        if not isinstance(error, EqualGateError):
            raise error
        if isinstance(error, StorageError):
            _log.error("request_failed", extra={"reason": error.code.value})
        return show(request, problem_of(error))

    async def of_shape(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        where = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
        said, cure = words_of(ReasonCode.WRONG_SHAPE)
        detail = ", ".join(where)[:400]
        problem = _problem(ReasonCode.WRONG_SHAPE, 422, said, cure, detail=detail)
        return show(request, problem)

    async def of_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        code = _CODE_OF_STATUS.get(error.status_code, ReasonCode.MALFORMED)
        said, cure = words_of(code)
        return show(request, _problem(code, error.status_code, said, cure, detail=""))

    app.add_exception_handler(EqualGateError, of_ours)
    app.add_exception_handler(RequestValidationError, of_shape)
    app.add_exception_handler(HTTPException, of_http)
