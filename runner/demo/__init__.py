"""Demo data: two invented businesses as the CSV files that `fieldlab load` reads.

`furnishings.py` and `restaurants.py` describe the two businesses as data, names and planted stories included;
`alignment.py` and `procurement.py` let them run and write down what happens. The same seed, factor and as-of date give
the same bytes.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from runner.demo import alignment, procurement
from runner.demo.files import SourceFiles
from runner.demo.seeded_random import SeededRandom
from runner.errors import FieldlabError
from runner.load.contract import DOMAINS

# Fixed, so that everyone sees the same demo; the last day of a month, so that the month counts as a full one.
AS_OF = date(2025, 10, 31)
SEED = 1

FACTORS = (1, 200)  # below, the stories would lack branches and dealers; above, the dealers would run out of names
YEARS = (1980, 2200)

_WRITERS = {"alignment": alignment.write, "procurement": procurement.write}


def generate(
    folder: Path,
    *,
    seed: int = SEED,
    factor: float = 1,
    as_of: date = AS_OF,
    domains: Iterable[str] = DOMAINS,
) -> Mapping[str, int]:
    """Write the source files of both businesses, a few days beyond the as-of date.

    Rows are written as they come up, so memory does not grow with their number.

    Args:
        folder: Where the files go; it is made when missing, files of the same names are replaced.
        seed: Another seed gives other numbers; names and stories stay.
        factor: 1 is about 150 dealers and 12 branches with 100,000 invoice lines; both grow in proportion.
        as_of: The date the stories lead up to.
        domains: alignment, procurement or both.

    Returns:
        The number of rows per table, in the order of the source contract.

    Raises:
        FieldlabError: The factor or the date is out of range, or the files cannot be written.
    """
    if not FACTORS[0] <= factor <= FACTORS[1]:
        raise FieldlabError(
            f"There is no demo of size {factor:g}.", f"Give a factor from {FACTORS[0]} to {FACTORS[1]:,}."
        )
    if not YEARS[0] <= as_of.year <= YEARS[1]:
        raise FieldlabError(f"There is no demo as of {as_of}.", f"Give a date from {YEARS[0]} to {YEARS[1]}.")
    try:
        return _write(folder, seed, factor, as_of, domains)
    except OSError as error:
        raise FieldlabError(
            f"The demo's files cannot be written to {folder}: {error.strerror}.", "Name another folder, or make room."
        ) from error


def _write(folder: Path, seed: int, factor: float, as_of: date, domains: Iterable[str]) -> Mapping[str, int]:
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    for domain in domains:
        with SourceFiles(folder, domain) as files:
            _WRITERS[domain](files, SeededRandom(f"{domain} {seed}"), factor, as_of)
            rows |= files.counts
    return rows
