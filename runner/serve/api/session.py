"""Signing in with a token, for browsers: it is kept in a cookie that scripts cannot read."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from runner.serve.access import COOKIE, check_token
from runner.serve.problems import Problem
from runner.serve.templates import TEMPLATES

router = APIRouter()


@router.get("/login")
def login_form(request: Request, next_page: Annotated[str, Query(alias="next")] = "/") -> Response:
    """Ask for a token."""
    return TEMPLATES.TemplateResponse(request, "login.html", {"next": local_path(next_page)})


@router.post("/login")
def login(
    request: Request, token: Annotated[str, Form()], next_page: Annotated[str, Form(alias="next")] = "/"
) -> Response:
    """Check the token, set the cookie, and go on to the page that was asked for."""
    try:
        check_token(request, token.strip())
    except Problem as problem:
        if problem.status != HTTPStatus.UNAUTHORIZED:
            raise
        context = {"next": local_path(next_page), "problem": problem.detail}
        return TEMPLATES.TemplateResponse(request, "login.html", context, HTTPStatus.UNAUTHORIZED)
    response = RedirectResponse(local_path(next_page), HTTPStatus.SEE_OTHER)
    is_secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token.strip(), path="/", httponly=True, samesite="strict", secure=is_secure)
    return response


@router.post("/logout")
def logout() -> Response:
    """Forget the token."""
    response = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def local_path(text: str) -> str:
    """A path of this server, whatever somebody wrote into a link: never another site."""
    is_ours = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if is_ours else "/"
