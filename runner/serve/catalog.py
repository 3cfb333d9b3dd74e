"""The marts that the service knows, read anew when a run wrote them down."""

from http import HTTPStatus
from threading import Lock

import psycopg

from runner.ops.marts import Known, Mart, known_run, read_marts
from runner.serve.problems import Problem, unknown
from runner.settings import Settings


class Catalog:
    """The public marts, as the newest run found them."""

    def __init__(self) -> None:
        self._known = Known({}, None)
        self._lock = Lock()

    def marts(self, connection: psycopg.Connection, settings: Settings) -> Known:
        """The marts by name, and the run that found them."""
        run_id = known_run(connection, settings)
        with self._lock:
            if run_id != self._known.run_id:
                self._known = read_marts(connection, settings)
            return self._known

    def mart(self, connection: psycopg.Connection, settings: Settings, name: str) -> Mart:
        """One mart.

        Raises:
            Problem: 404 where there is none of this name, 503 where no run has found any.
        """
        marts = self.marts(connection, settings).marts
        if name in marts:
            return marts[name]
        if not marts:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "There are no marts yet: `fieldlab run` builds them.")
        raise unknown(f"There is no mart {name!r}.", name, list(marts), HTTPStatus.NOT_FOUND)
