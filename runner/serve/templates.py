"""The templates of the pages, for answers to requests; what they are given is escaped."""

from pathlib import Path

from fastapi.templating import Jinja2Templates

from runner.serve.pages.render import ENVIRONMENT

STATIC = Path(__file__).parent / "static"
TEMPLATES = Jinja2Templates(env=ENVIRONMENT)
