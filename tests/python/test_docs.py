"""Pages that the code writes say what the code says; names used in the project exist."""

import re
from pathlib import Path

from runner.load.contract_page import page

PROJECT = Path(__file__).parents[2]


def test_the_page_of_the_source_contract_is_up_to_date() -> None:
    assert (PROJECT / "docs" / "source-contract.md").read_text(encoding="utf-8") == page()


def test_every_dbt_utils_name_the_project_uses_exists_in_the_stand_in() -> None:
    folders = ("models", "macros", "seeds", "snapshots", "tests")
    files = [path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in {".sql", ".yml"}]
    used = {name for path in files for name in re.findall(r"dbt_utils\.(\w+)", path.read_text(encoding="utf-8"))}
    stand_in = (PROJECT / "runner" / "dbt" / "dbt_utils" / "macros").glob("*.sql")
    provided = {
        name
        for path in stand_in
        for name in re.findall(r"\{% (?:macro|test) (\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= provided


def test_links_in_the_documentation_lead_somewhere() -> None:
    pages = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").glob("*.md")]
    for file in pages:
        for target in re.findall(r"\]\((?!http)([^)#]+)", file.read_text(encoding="utf-8")):
            assert (file.parent / target).exists(), f"{file.name} links to {target}"


def test_the_overview_names_every_mart() -> None:
    overview = (PROJECT / "models" / "_overview.md").read_text(encoding="utf-8")
    marts = [path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")]
    assert marts
    assert [mart for mart in marts if f"`{mart}`](#!/model/model.fieldlab.{mart})" not in overview] == []
