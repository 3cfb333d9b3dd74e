"""The templates of the pages; what they are given is escaped."""

from pathlib import Path

from fastapi.templating import Jinja2Templates

from runner import __version__

HERE = Path(__file__).parent
STATIC = HERE / "static"
TEMPLATES = Jinja2Templates(HERE / "templates")
TEMPLATES.env.globals["version"] = __version__
TEMPLATES.env.trim_blocks = TEMPLATES.env.lstrip_blocks = True
