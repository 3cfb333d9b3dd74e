"""The web service: who may ask, what holds for every answer, and how it starts and stops."""

import pytest
from serving import make_token, serving

HTML = {"Accept": "text/html"}


@pytest.mark.usefixtures("database_url")
def test_every_answer_carries_the_security_headers() -> None:
    with serving() as client:
        answer = client.get("/healthz")
        assert answer.json() == {"status": "ok"}
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.usefixtures("database_url")
def test_what_is_not_there_is_a_problem_for_machines_and_a_page_for_browsers() -> None:
    with serving() as client:
        answer = client.get("/api/v1/nothing")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 404
        page = client.get("/<script>", headers=HTML)
        assert page.status_code == 404
        assert page.headers["content-type"].startswith("text/html")
        assert "<script>" not in page.text


@pytest.mark.usefixtures("database_url")
def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use() -> None:
    token = make_token()["Authorization"].removeprefix("Bearer ")
    with serving() as client:
        assert client.post("/login", data={"token": "flab_wrong"}).status_code == 401
        answer = client.post("/login", data={"token": token, "next": "https://evil.example/"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()


@pytest.mark.usefixtures("database_url")
def test_a_form_from_another_site_and_a_large_body_are_refused() -> None:
    with serving() as client:
        origin = {"Origin": "https://evil.example"}
        assert client.post("/login", data={"token": "x"}, headers=origin).status_code == 403
        assert client.post("/login", data={"token": "x" * 70_000}).status_code == 413
        chunks = (b"token=" if n == 0 else b"x" * 10_000 for n in range(8))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.post("/login", content=chunks, headers=form).status_code == 413
