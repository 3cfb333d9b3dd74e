"""The child process dbt runs in. Started by `runner.dbt.process`; it imports nothing of the runner.

Each line of standard input is one invocation: {"arguments": [...], "environment": {...}}. dbt's own JSON log lines go
to standard output; when an invocation is over, one line {"invocation": {"success": ..., "error": ...}} follows them.
When standard input closes, the parent has gone and nobody reads on: the process ends, whatever it is doing or was about
to do.
"""

import json
import os
import queue
import sys
import threading


def main() -> None:
    """Do the invocations one after the other, until interrupted or left alone."""
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=[requests], daemon=True).start()

    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - takes a second or two, while the parent gets ready

    while True:
        invocation = json.loads(requests.get())
        os.environ.update(invocation["environment"])
        result = dbtRunner().invoke(invocation["arguments"])
        error = "" if result.exception is None else str(result.exception) or type(result.exception).__name__
        if isinstance(result.exception, KeyboardInterrupt):
            return
        sys.stdout.write(json.dumps({"invocation": {"success": result.success, "error": error}}) + "\n")
        sys.stdout.flush()


def _read(requests: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        requests.put(line)
    os._exit(1)


if __name__ == "__main__":
    main()
