"""dbt in a child process: it is given invocations one by one, and can be stopped.

A process of its own, because a time limit must be able to end it and because dbt keeps global state. Importing dbt
takes a second or two; that happens there alone, once for any number of invocations.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg

from runner.database.warehouse import Warehouse, is_transient
from runner.dbt.packages import ensure_packages
from runner.errors import FieldlabError
from runner.ops.retry import PAUSES
from runner.settings import Settings

log = logging.getLogger(__name__)

PROFILES_DIR = Path(__file__).parent / "profiles"
DATABASE = "fieldlab"
"""The output of the profile that is PostgreSQL."""

WORKER = Path(__file__).parent / "worker.py"

NOT_FOR_DBT = {"DBT_PROFILE", "DBT_TARGET", "FIELDLAB_NOTIFY_URL"}
"""The runner says which profile and target; a secret that dbt has no use for, it does not get."""

SECONDS_TO_STOP = 10.0
"""How long dbt may take to cancel its queries and leave before it is killed."""

# One JSON log line of dbt: {"info": {"name": ..., "level": ..., "msg": ...}, "data": {...}}.
Event = Mapping[str, Any]
Listener = Callable[[Event], None]


@dataclass(frozen=True)
class NodeResult:
    """What came of one dbt node.

    Attributes:
        unique_id: dbt's name for it.
        status: dbt's word: success, pass, warn, fail, error, skipped, …
        seconds: Time it took.
        rows: Rows it wrote; None for a view or a test.
        message: What dbt or the database says about it.
        file: The SQL that ran, relative to the project; empty when there is none.
    """

    unique_id: str
    status: str
    seconds: float = 0.0
    rows: int | None = None
    message: str = ""
    file: str = ""

    @property
    def kind(self) -> str:
        """The resource type: model, test, seed or snapshot."""
        return self.unique_id.split(".", 1)[0]

    @property
    def name(self) -> str:
        """Its name in the project."""
        return self.unique_id.split(".")[2]

    @property
    def failed(self) -> bool:
        """Whether it ran and did not end well."""
        return self.status in {"error", "fail", "runtime error", "partial success"}

    @property
    def failed_test(self) -> bool:
        """Whether it is a test that did not pass. One that could not run vouches for nothing either."""
        return self.kind == "test" and self.failed

    def explain(self) -> str:
        """What failed, what the database said and where the SQL is."""
        text = f"{self.kind} {self.name}: {self.message.strip() or self.status}"
        return text if not self.file or self.file in text else f"{text}\n  SQL: {self.file}"


@dataclass(frozen=True)
class DbtResult:
    """What came of one invocation.

    Attributes:
        nodes: One result per node.
        error: What ended it besides its nodes (a project that does not parse, no connection); empty when nothing did.
    """

    nodes: tuple[NodeResult, ...] = ()
    error: str = ""

    @property
    def failures(self) -> tuple[NodeResult, ...]:
        """The nodes that did not end well, without those skipped because of them."""
        return tuple(node for node in self.nodes if node.failed)

    @property
    def success(self) -> bool:
        """Whether everything ended well."""
        return not self.error and not self.failures

    @property
    def transient(self) -> bool:
        """Whether something failed for a fault that may be gone in a moment."""
        return any(is_transient(text) for text in (self.error, *(node.message for node in self.failures)))

    def explain(self) -> list[str]:
        """One text per failure."""
        return [*([self.error] if self.error else []), *(node.explain() for node in self.failures)]

    def joined_by(self, other: "DbtResult") -> "DbtResult":
        """This result and that of a build elsewhere; what failed in one of them counts as failed."""
        nodes = {node.unique_id: node for node in self.nodes}
        nodes.update({node.unique_id: node for node in other.nodes if not _failed(nodes.get(node.unique_id))})
        return DbtResult(tuple(nodes.values()), "\n".join(filter(None, (self.error, other.error))))

    def followed_by(self, later: "DbtResult") -> "DbtResult":
        """This result with what a later invocation did again in its place."""
        nodes = {node.unique_id: node for node in (*self.nodes, *later.nodes)}
        return DbtResult(tuple(nodes.values()), later.error)


def _failed(node: NodeResult | None) -> bool:
    return node is not None and node.failed


@contextmanager
def open_dbt(
    settings: Settings,
    warehouse: Warehouse,
    target: Path | None = None,
    *,
    output: str = DATABASE,
    variables: Mapping[str, str] | None = None,
) -> Iterator["Dbt"]:
    """Start a dbt process; it ends with the block, in the middle of its work when the block is left by an error.

    Args:
        settings: Where the project is.
        warehouse: The connection dbt gets, the same as the runner's.
        target: Where dbt writes its artifacts; the project's target folder unless given.
        output: The output of runner/dbt/profiles/profiles.yml that dbt builds in: the database, or an engine.
        variables: Environment variables that the output reads besides the connection.

    Raises:
        FieldlabError: The project's dbt packages are not installed, or it is frozen at one date.
    """
    _check(settings)
    environment = {
        **{name: value for name, value in os.environ.items() if name not in NOT_FOR_DBT},
        **warehouse.dbt_environment(),
        **(variables or {}),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PGOPTIONS": _session_options(warehouse),
    }
    # In a session of its own, so that Ctrl-C reaches the runner alone, which then stops dbt in an orderly way.
    # -P: nothing beside the script or in the working directory may shadow what dbt imports.
    process = subprocess.Popen(
        [sys.executable, "-P", str(WORKER)],
        cwd=settings.project_dir,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        yield Dbt(process, settings, warehouse, target or settings.manifest_file.parent, output)
    except KeyboardInterrupt:
        log.info("Stopping dbt …")  # it may be parsing, and hear of it seconds later
        raise
    finally:
        _stop(process)


def _check(settings: Settings) -> None:
    """Refuse a project that dbt would refuse with advice that does not help, or build as of a date nobody asked for."""
    ensure_packages(settings)
    if settings.variables.get("as_of") is not None:
        file = settings.project_dir / "dbt_project.yml"
        raise FieldlabError(
            f"The var `as_of` in {file} would take precedence over the date of every run.",
            "Take it out; --as-of or FIELDLAB_AS_OF gives a run its date, --vars a plain dbt command.",
        )


def _stop(process: subprocess.Popen[str]) -> None:
    """End the process: it cancels its queries and leaves, or is killed."""
    killer = threading.Timer(SECONDS_TO_STOP, process.kill)
    killer.start()
    try:
        process.send_signal(signal.SIGINT)
        _pipe(process.stdout).read()  # until it is gone: a full pipe would hold it up
        process.wait()
    finally:
        killer.cancel()
        _pipe(process.stdout).close()
        with suppress(BrokenPipeError):
            _pipe(process.stdin).close()


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise TypeError("a dbt process is started with pipes")
    return stream


def ignore(event: Event) -> None:
    """The listener that does not care."""


class Dbt:
    """A dbt process that waits for invocations; see `open_dbt`."""

    def __init__(
        self, process: subprocess.Popen[str], settings: Settings, warehouse: Warehouse, target: Path, output: str
    ) -> None:
        self._process = process
        self._warehouse = warehouse
        self._project = settings.project_dir
        self._target = target
        self._output = output

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], listen: Listener = ignore) -> DbtResult:
        """Invoke dbt; what a transient fault of the database stopped is tried again, up to three times.

        Args:
            arguments: Such as `["build", "--select", "+tag:alignment"]`.
            environment: Variables for this invocation, such as FIELDLAB_AS_OF.
            listen: Is told every event dbt logs, as it happens.

        Raises:
            FieldlabError: The dbt process itself ended.
        """
        result = self.invoke(arguments, environment, listen)
        for pause in PAUSES:
            if not result.transient:
                break
            log.info(f"The database does not answer dbt; again in {pause:g} s. {result.explain()[0]}")
            time.sleep(pause)
            self._warehouse.wake()
            result = result.followed_by(self.invoke(["retry"] if result.nodes else arguments, environment, listen))
        return result

    def invoke(self, arguments: Sequence[str], environment: Mapping[str, str], listen: Listener = ignore) -> DbtResult:
        """Invoke dbt once and read what came of it; otherwise as `run`."""
        request = {"arguments": [*arguments, *self._common_arguments()], "environment": dict(environment)}
        try:
            _pipe(self._process.stdin).write(json.dumps(request) + "\n")
            _pipe(self._process.stdin).flush()
        except BrokenPipeError:
            raise self._ended([_pipe(self._process.stdout).read()]) from None

        invocation_id = ""
        last_words: list[str] = []
        for line in _pipe(self._process.stdout):
            message = _decode(line)
            if message is None:
                last_words = [*last_words[-4:], line]
            elif "invocation" in message:
                end = message["invocation"]
                return self._result(invocation_id, success=end["success"], error=str(end["error"]).strip())
            else:
                invocation_id = message["info"].get("invocation_id") or invocation_id
                listen(message)
        raise self._ended(last_words)

    def manifest(self) -> Mapping[str, Any]:
        """The manifest.json of the last invocation."""
        manifest: Mapping[str, Any] = json.loads((self._target / "manifest.json").read_text(encoding="utf-8"))
        return manifest

    def _common_arguments(self) -> list[str]:
        return [
            *("--project-dir", str(self._project)),
            *("--profiles-dir", str(PROFILES_DIR), "--profile", "fieldlab", "--target", self._output),
            *("--target-path", str(self._target)),
            *("--log-format", "json", "--log-level", "info", "--log-level-file", "none", "--no-use-colors"),
        ]

    def _result(self, invocation_id: str, *, success: bool, error: str) -> DbtResult:
        file = self._target / "run_results.json"
        found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        if found is None or found["metadata"]["invocation_id"] != invocation_id:
            if success:
                error = f"Another dbt wrote its results to {self._target} meanwhile; run again when it is done."
            return DbtResult(error=error or "dbt failed without a word.")
        nodes = self.manifest()["nodes"]
        results = tuple(_node_result(result, nodes.get(result["unique_id"], {})) for result in found["results"])
        return DbtResult(results, error)

    def _ended(self, last_words: Sequence[str]) -> FieldlabError:
        """The error for a dbt process that is gone. A Python stack trace in its last words is cut to its last line."""
        status = self._process.wait()
        lines = [line.strip() for text in last_words for line in text.splitlines() if line.strip()]
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        hint = "The machine may be out of memory." if status == -signal.SIGKILL else ""
        return FieldlabError(f"dbt {how} before it was done. {lines[-1] if lines else ''}".strip(), hint)


def _session_options(warehouse: Warehouse) -> str:
    """The settings of dbt's sessions; the server also ends a query by itself when the dbt that asked was killed.

    Not every platform of the server can do that, and a pooler may refuse options: then there are none.
    """
    for options in (f"{warehouse.options} -c client_connection_check_interval=1000", warehouse.options):
        with suppress(psycopg.OperationalError):
            psycopg.connect(warehouse.url, options=options).close()
            return options
    return ""


def _decode(line: str) -> Any:
    """A line as one of our JSON messages, or None for anything else that was printed."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and ("info" in message or "invocation" in message) else None


def _node_result(result: Mapping[str, Any], node: Mapping[str, Any]) -> NodeResult:
    rows = (result.get("adapter_response") or {}).get("rows_affected")
    is_test = node.get("resource_type") == "test"
    return NodeResult(
        unique_id=result["unique_id"],
        status=result["status"],
        seconds=float(result["execution_time"]),
        rows=rows if isinstance(rows, int) and rows >= 0 and not is_test else None,
        message=result["message"] or "",
        file=node.get("compiled_path") or "",
    )
