"""The pages, rendered on the server. Each module has a `router`; they are listed here."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
