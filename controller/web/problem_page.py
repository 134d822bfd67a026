"""Show errors to people as a page that says what happened and what to do now."""

from fastapi import Request
from starlette.responses import Response

from controller.web.page import page, words_for
from controller.web.problems import Problem, answer

__all__ = ["show_problem"]

_UNKNOWN = 401
_RETRY_S = 3


def show_problem(request: Request, problem: Problem) -> Response:
    """Return a page where a browser asked for one, else the problem document."""
    asks = request.headers.get("accept", "")
    if "text/html" not in asks or request.url.path.startswith("/api/"):
        return answer(problem)
    w = words_for(request)
    what, cure = w(problem.reason.zh, problem.reason.en), w(problem.cure.zh, problem.cure.en)
    if problem.status == _UNKNOWN:
        what = w("请先登录", "Please sign in first")
        cure = w(
            "住户：请用服务台给您的登录纸条；手机换了或登录失效，服务台马上给一张新的。",
            "Residents: use the printed slip from the desk; for a new phone the desk prints one.",
        )
    response = page(
        request,
        "problem.html",
        problem.status,
        what=what,
        cure=cure,
        rule=problem.rule,
        article=problem.article,
        ways_on=_ways_on(request, problem.status),
    )
    if problem.status in {429, 503}:
        response.headers["Retry-After"] = str(_RETRY_S)
    return response


def _ways_on(request: Request, status: int) -> list[tuple[str, str]]:
    w = words_for(request)
    is_resident = request.url.path.startswith("/me")
    if status == _UNKNOWN:
        ways = [
            ("/first", w("我有登录纸条", "I have a login slip")),
            ("/", w("工作人员登录", "Staff sign in")),
        ]
        return ways if is_resident else ways[::-1]
    return [("/me" if is_resident else "/", w("回到首页", "Back to the first page"))]
