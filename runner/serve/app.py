"""The web service put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from runner import __version__
from runner.database.warehouse import Warehouse
from runner.serve.api import alignment, health, jobs, marts, recommendations, reference, session, spending
from runner.serve.guard import API, Guard
from runner.serve.pages import acting, routes
from runner.serve.problems import handle_problems
from runner.serve.service import Proxy, make_service
from runner.serve.templates import STATIC
from runner.settings import Settings

API_ROUTERS: tuple[APIRouter, ...] = (
    marts.router,
    spending.router,
    recommendations.router,
    alignment.router,
    jobs.router,
)
# What is asked about the server itself, and pages.
ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    reference.router,
    session.router,
    acting.router,
    routes.router,
)


def create_app(
    settings: Settings, warehouse: Warehouse, *, is_local: bool = True, proxy: Proxy | None = None
) -> FastAPI:
    """The application, for a server or a test client; it connects when it starts.

    Args:
        settings: The project, and the names of schemas.
        warehouse: The database.
        is_local: It listens on a loopback address: without any token made, whoever reaches it may do everything.
        proxy: The proxy in front that signs people in.
    """
    service = make_service(settings, warehouse, is_local=is_local, proxy=proxy)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(service.open)
        service.events.start()
        yield
        await service.events.close()
        await run_in_threadpool(service.close)

    app = FastAPI(
        title="fieldlab", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.service = service
    app.state.api = (API_ROUTERS, API)
    handle_problems(app)
    app.add_middleware(Guard)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in API_ROUTERS:
        app.include_router(router, prefix=API)
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    return app
