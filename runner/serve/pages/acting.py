"""What people do on the pages: decide on recommendations, and take the list with them."""

import io
import re
from typing import Annotated
from urllib.parse import parse_qs, unquote

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from runner.errors import NotFoundError, RefusedError
from runner.procurement.export import write_csv
from runner.procurement.lifecycle import Action, take_step
from runner.procurement.read import list_recommendations
from runner.serve.access import Reader, Writer
from runner.serve.pages import recommendations
from runner.serve.pages.page import Ask, Page, address
from runner.serve.pages.routes import asked, show
from runner.serve.service import Reading, Writing, service_of

router = APIRouter()

ACTIONS = {"view": Action.VIEW, "dismiss": Action.DISMISS, "apply": Action.APPLY}
BACK = re.compile(r"/recommendations(?:/([^/?#]+))?(?:\?([^#]*))?")
IDS = re.compile(r"[0-9]{1,18}(,[0-9]{1,18})*")


@router.post("/recommendations/act")
def act(
    *,
    request: Request,
    who: Writer,
    reading: Reading,
    writing: Writing,
    action: Annotated[str, Form()],
    ids: Annotated[list[str], Form(default_factory=list)],
    reason: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = recommendations.PATH,
) -> Response:
    """Take a step with the recommendations that a form names, and go back to where it was.

    Where somebody else has decided on one of them in the meantime, nothing is changed, and the page says who did what.
    """
    if action not in ACTIONS or not all(IDS.fullmatch(text) for text in ids):
        raise NotFoundError("The form names an action or a recommendation that does not exist.")
    wanted = [int(one) for text in ids for one in text.split(",")]
    page, ask = _place(back)
    if not wanted:
        return _back(ask, "NOTHING", 0)
    settings = service_of(request).settings
    step = ACTIONS[action]
    because = reason.strip() or None if step is Action.DISMISS else None
    try:
        changed = take_step(writing, settings, wanted, step, by=who.name, reason=because)
    except RefusedError:
        refused = recommendations.refusals(reading, settings, wanted)
        return show(request, who, reading, page, ask, status=409, refused=refused)
    return _back(ask, step.status, len(changed))


@router.get("/recommendations.csv")
def as_csv(request: Request, _who: Reader, connection: Reading) -> Response:
    """The recommendations that the filters select, all of them."""
    settings = service_of(request).settings
    file = io.StringIO()
    write_csv(file, list_recommendations(connection, settings, recommendations.chosen(asked(request)).wanted))
    headers = {"Content-Disposition": 'attachment; filename="recommendations.csv"'}
    return Response(file.getvalue(), 200, headers, "text/csv; charset=utf-8")


def _place(back: str) -> tuple[Page, Ask]:
    """The page that a form was on; the list where the text is anything else."""
    found = BACK.fullmatch(back)
    the_list, the_one = recommendations.PAGES
    if found is None:
        return the_list, Ask()
    query = {name: values for name, values in parse_qs(found[2] or "").items() if name not in {"done", "number"}}
    return (the_one, Ask(unquote(found[1]), query)) if found[1] else (the_list, Ask("", query))


def _back(ask: Ask, done: str, number: int) -> Response:
    keys = [ask.key] if ask.key else []
    where = address(recommendations.PATH, *keys, **{**ask.query, "done": done, "number": str(number)})
    return RedirectResponse(where, 303)
