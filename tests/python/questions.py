"""The page docs/questions.md: its SQL, and the answers below each as psql prints them.

`python tests/python/questions.py` writes the answers anew from the database that fieldlab works in, the demo's.
"""

import re
import subprocess
from pathlib import Path

from runner.database.binaries import find_binaries
from runner.database.warehouse import open_warehouse
from runner.settings import load_settings

PAGE = Path(__file__).parents[2] / "docs" / "questions.md"
QUESTION = re.compile(r"^```sql\n(?P<sql>.*?)^```\n(?:\n```\n.*?^```\n)?", re.MULTILINE | re.DOTALL)


def answered(page: str, url: str) -> str:
    """The page with the database's answer below each question's SQL."""
    return QUESTION.sub(lambda found: f"```sql\n{found['sql']}```\n\n```\n{answer(found['sql'], url)}```\n", page)


def answer(sql: str, url: str) -> str:
    """What psql prints.

    Raises:
        subprocess.CalledProcessError: The database refuses the SQL; psql has said why.
    """
    command = [find_binaries() / "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--command", sql, url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.strip("\n").splitlines())


if __name__ == "__main__":
    with open_warehouse(load_settings()) as warehouse:
        PAGE.write_text(answered(PAGE.read_text(encoding="utf-8"), warehouse.url), encoding="utf-8")
