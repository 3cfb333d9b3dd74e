"""Documentation: the API's OpenAPI document, Swagger UI for people, and dbt's page of all tables."""

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from runner.dbt.docs import DOCS_PAGE
from runner.serve.access import Reader
from runner.serve.caching import cached, etag, json_body
from runner.serve.openapi import describe
from runner.serve.problems import Problem, not_there
from runner.serve.service import Reading, service_of
from runner.serve.templates import STATIC, TEMPLATES

# Shipped compressed, and sent so: every browser takes gzip.
SWAGGER = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
A_DAY = 86_400

router = APIRouter()


@router.get("/docs/")
def tables(request: Request, _: Reader) -> Response:
    """Dbt's documentation of all tables and columns, as `fieldlab docs` wrote it."""
    file = service_of(request).settings.manifest_file.with_name(DOCS_PAGE)
    if not file.is_file():
        raise Problem(HTTPStatus.NOT_FOUND, "The documentation of the tables is not written yet: `fieldlab docs`.")
    return FileResponse(file, media_type="text/html", headers={"Cache-Control": "no-cache"})


@router.get("/api/openapi.json")
def document(request: Request, _: Reader, connection: Reading) -> Response:
    """The OpenAPI document, with the columns that the newest run's contracts have."""
    service = service_of(request)
    known = service.catalog.marts(connection, service.settings)
    routers, prefix = request.app.state.api
    tag = etag(request, known.run_id)
    return cached(request, tag, 60, lambda: json_body(describe(routers, prefix, known.marts)))


@router.get("/api/docs")
def swagger(request: Request, _: Reader) -> Response:
    """The document for people to read and to try."""
    return TEMPLATES.TemplateResponse(request, "api.html")


@router.get("/api/docs/{name}")
def swagger_file(request: Request, name: str) -> Response:
    """Swagger UI's own files."""
    media_type = SWAGGER.get(name)
    if media_type is None:
        raise not_there(request)
    content = Path(STATIC, "swagger-ui", f"{name}.gz").read_bytes()
    headers = {"Content-Encoding": "gzip", "Cache-Control": f"max-age={A_DAY}"}
    return Response(content, headers=headers, media_type=media_type)
