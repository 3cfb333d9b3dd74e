"""The `fieldlab` command. Each command lives in a module of its own and is imported only when it is called."""

import importlib
import io
import sys
from typing import NoReturn

import click

from runner import __version__
from runner.cli import console
from runner.cli.options import example, log_format_option
from runner.errors import FieldlabError

# Command name -> module:attribute and what it does, in the order `--help` lists them: a list imports no command.
COMMANDS = {
    "demo": ("runner.cli.demo:demo", "See fieldlab at work on generated data."),
    "load": ("runner.cli.load:load", "Load a folder of CSV or parquet files."),
    "run": ("runner.cli.run:run", "Build the marts with dbt, apply the rules, publish."),
    "backfill": ("runner.cli.run:backfill", "Fill the history for dates on which nothing ran."),
    "report": ("runner.cli.report:report", "Show what a dealer should keep, drop and add."),
    "similar": ("runner.cli.similar:similar", "Show what is like a product or a dealer."),
    "backtest": ("runner.cli.backtest:backtest", "Measure whether past advice would have been right."),
    "recommendations": (
        "runner.cli.recommendations:recommendations",
        "List what the buyer could do, and record what was decided.",
    ),
    "spending": ("runner.cli.analysis:spending", "Compare what was spent in any period."),
    "prices": ("runner.cli.analysis:prices", "Compare what branches paid vendors for an item."),
    "serve": ("runner.cli.serve:serve", "Serve the API and the pages."),
    "site": ("runner.cli.site:site", "Write the pages as files."),
    "token": ("runner.cli.token:token", "Make, list and revoke the tokens of the API."),
    "docs": ("runner.cli.docs:docs", "Write the documentation of all tables to one page."),
    "jobs": ("runner.cli.jobs:jobs", "Show the history of runs, the newest first."),
    "rollback": ("runner.cli.rollback:rollback", "Put back what was published before."),
    "events": ("runner.cli.events:events", "Print what happens as it happens."),
    "db": ("runner.cli.db:db", "Start, stop, back up and use the embedded database."),
    "doctor": ("runner.cli.doctor:doctor", "Check that everything is in place, and say what to do."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for, so that each one starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List what each command does."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, does) for name, (_, does) in COMMANDS.items()])


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
    except UnicodeError as error:
        _fail(f"Something that should be text in UTF-8 is not: {error}.")
    except OSError as error:  # a full disk, a file that may not be read or written
        _fail(f"The system refused: {error}")
    except Exception as error:
        _fail_of_database(error)
        raise


def _fail_of_database(error: Exception) -> None:
    """End with what the database said, when it was the database."""
    import psycopg  # noqa: PLC0415 - takes longer than a help text may

    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        _fail(
            f"The database lets this session read only: {str(error).strip()}.",
            "It is a standby, a role that may only read, or a pooler that gives each transaction another session.",
        )
    if isinstance(error, psycopg.Error):
        _fail(f"The database refused: {str(error).strip()}", "Run `fieldlab doctor` to see what is wrong.")


def _fail(message: str, hint: str = "", exit_code: int = 1) -> NoReturn:
    console.complain(message if console.handler.as_json else f"Error: {message}", hint)
    sys.exit(exit_code)
