"""The `fieldlab` command. Each command lives in a module of its own and is imported only when it is called."""

import importlib
import io
import sys
from typing import NoReturn

import click
import psycopg

from runner import __version__
from runner.cli import console
from runner.cli.options import example, log_format_option
from runner.errors import FieldlabError

# Command name -> module:attribute, in the order `--help` lists them.
COMMANDS = {
    "demo": "runner.cli.demo:demo",
    "load": "runner.cli.load:load",
    "run": "runner.cli.run:run",
    "backfill": "runner.cli.run:backfill",
    "report": "runner.cli.report:report",
    "similar": "runner.cli.similar:similar",
    "backtest": "runner.cli.backtest:backtest",
    "recommendations": "runner.cli.recommendations:recommendations",
    "spending": "runner.cli.analysis:spending",
    "prices": "runner.cli.analysis:prices",
    "serve": "runner.cli.serve:serve",
    "site": "runner.cli.site:site",
    "token": "runner.cli.token:token",
    "docs": "runner.cli.docs:docs",
    "jobs": "runner.cli.jobs:jobs",
    "rollback": "runner.cli.rollback:rollback",
    "events": "runner.cli.events:events",
    "db": "runner.cli.db:db",
    "doctor": "runner.cli.doctor:doctor",
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for, so that each one starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, attribute = target.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=example("fieldlab demo"),
)
@log_format_option(envvar="FIELDLAB_LOG_FORMAT", show_envvar=True)
@click.version_option(__version__, prog_name="fieldlab")
def cli() -> None:
    """Compute marts from two operational databases, apply rules and publish decisions."""


def main() -> None:
    """Run the command line; no stack trace for what a user can act on.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 data not fit to publish, 4 another command that writes is under way.
    """
    console.start_logging()
    try:
        sys.exit(cli.main(prog_name="fieldlab", standalone_mode=False))
    except click.Abort:
        _fail("Stopped.")
    except click.ClickException as error:
        words = io.StringIO()
        error.show(words)
        console.complain(words.getvalue().rstrip())
        sys.exit(error.exit_code)
    except FieldlabError as error:
        _fail(str(error), error.hint, error.exit_code)
    except psycopg.errors.ReadOnlySqlTransaction as error:
        _fail(
            f"The database lets this session read only: {str(error).strip()}.",
            "It is a standby, a role that may only read, or a pooler that gives each transaction another session.",
        )
    except psycopg.Error as error:
        _fail(f"The database refused: {str(error).strip()}", "Run `fieldlab doctor` to see what is wrong.")
    except UnicodeError as error:
        _fail(f"Something that should be text in UTF-8 is not: {error}.")
    except OSError as error:  # a full disk, a file that may not be read or written
        _fail(f"The system refused: {error}")


def _fail(message: str, hint: str = "", exit_code: int = 1) -> NoReturn:
    console.complain(message if console.handler.as_json else f"Error: {message}", hint)
    sys.exit(exit_code)
