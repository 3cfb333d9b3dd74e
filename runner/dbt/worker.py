"""The child process dbt runs in. Started by `runner.dbt.process`; it imports nothing of the runner.

Each line of standard input is one invocation: {"arguments": [...], "environment": {...}}. dbt's own JSON log lines go
to standard output; when an invocation is over, one line {"invocation": {"success": ..., "error": ...}} follows them.
When standard input closes, the parent has gone and nobody reads on: the process ends, whatever it is doing.
"""

import json
import os
import queue
import sys
import threading


def main() -> None:
    """Do the invocations one after the other until there are no more."""
    requests: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_read, args=(requests, busy), daemon=True).start()

    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - takes a second or two, while the parent gets ready

    while True:
        request = requests.get()
        if request is None:
            return
        busy.set()
        invocation = json.loads(request)
        os.environ.update(invocation["environment"])
        result = dbtRunner().invoke(invocation["arguments"])
        error = "" if result.exception is None else str(result.exception) or type(result.exception).__name__
        busy.clear()
        if isinstance(result.exception, KeyboardInterrupt):
            return
        sys.stdout.write(json.dumps({"invocation": {"success": result.success, "error": error}}) + "\n")
        sys.stdout.flush()


def _read(requests: "queue.SimpleQueue[str | None]", busy: threading.Event) -> None:
    for line in sys.stdin:
        requests.put(line)
    if busy.is_set():
        os._exit(1)
    requests.put(None)


if __name__ == "__main__":
    main()
