"""A small Spark cluster on this machine: a standalone master and some workers on the loopback address.

It is stopped when the command that began it ends, or is interrupted.

Example: python -m benchmarks.spark_cluster --workers 2
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from runner.cli.console import out
from runner.errors import FieldlabError

HOST = "127.0.0.1"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 20.0


def main() -> None:
    """Start a cluster, say where it is, and wait."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="of each worker")
    parser.add_argument("--memory", default="1g", help="of each worker")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with spark_cluster(arguments.workers, cores=arguments.cores, memory=arguments.memory) as master:
        out().print(f"export FIELDLAB_SPARK_MASTER={master}", markup=False)
        signal.pause()


@contextmanager
def spark_cluster(workers: int, *, cores: int = 1, memory: str = "1g") -> Iterator[str]:
    """Run a master and workers for as long as the block lasts.

    Args:
        workers: How many.
        cores: Cores of each.
        memory: Memory of each, as Spark writes it.

    Yields:
        The master's URL.

    Raises:
        FieldlabError: pyspark or Java is not installed, or the master does not answer.
    """
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        raise FieldlabError("pyspark is not installed.", "Install it: pip install 'fieldlab[spark]'.")
    if shutil.which("java") is None:
        raise FieldlabError("Spark needs Java, and there is none.", "Install a Java runtime of version 17.")
    home = Path(found.origin).parent
    port = _free_port()
    master = f"spark://{HOST}:{port}"
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST, "SPARK_LOCAL_DIRS": scratch}

        def start(kind: str, *arguments: str) -> subprocess.Popen[bytes]:
            command = [str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", *arguments]
            log = stack.enter_context((Path(scratch) / f"{kind}.log").open("ab"))
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
            stack.callback(_stop, process)
            return process

        process = start("master.Master", "--host", HOST, "--port", str(port), "--webui-port", str(_free_port()))
        _wait(process, port)
        for number in range(workers):
            folder = Path(scratch) / f"worker-{number}"
            limits = ("--cores", str(cores), "--memory", memory, "--work-dir", str(folder))
            start("worker.Worker", "--host", HOST, "--webui-port", str(_free_port()), *limits, master)
        yield master


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.2)
    raise FieldlabError("Spark's master does not start.", "Java 17 is what Spark 3.5 runs on.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
