"""dbt's documentation of the project as one file that opens anywhere: `fieldlab docs`."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from runner.database.warehouse import open_warehouse
from runner.dbt.process import Dbt, open_dbt
from runner.errors import FieldlabError
from runner.files import written_whole
from runner.settings import Settings
from runner.words import count, listing

# Where the page is written unless told otherwise, in dbt's target folder.
DOCS_PAGE = "fieldlab-docs.html"

BUILT = {"model", "seed", "snapshot"}
NAMED = 5
"""How many of the tables that are not built are named."""

REPAIRS = {
    # What the site asks for in vain: an icon before its address is filled in, once for each line of the tree, and a
    # picture that nobody made. Browsers write an error to the console each time.
    'xlink:href="{{': 'ng-attr-xlink:href="{{',
    "${require('./assets/favicons/favicon.ico')}": "data:,",
    # The graph's edges are hardly lighter than its background.
    '"#006f8a"': '"#5fa8bd"',
    '"#027599"': '"#5fa8bd"',
    "</head>": """<style>
/* Links in code are links; what a column holds is shown whole, and so are the details of a table. */
a code { color: #007a7a !important; }
.app-content th, .app-content td { padding-left: 6px !important; padding-right: 6px !important; }
.column-row td[style*="ellipsis"] { white-space: normal !important; max-width: none !important; min-width: 260px; }
.detail-body { white-space: normal !important; overflow-x: visible !important; }
</style></head>""",
}
"""What dbt's site has that is mended, as texts of its page; one that a later dbt no longer has is left alone."""


@dataclass(frozen=True)
class DocsPage:
    """A page that was written.

    Attributes:
        file: Where it is.
        remark: What it lacks because it is not built, as a sentence; empty when it lacks nothing.
    """

    file: Path
    remark: str


def build_docs(settings: Settings, file: Path) -> DocsPage:
    """Write the documentation of the project, and of what of it is built, to one HTML file.

    It needs no run lock: dbt only reads, and works in a target folder of its own, so that a run at the same time keeps
    its artifacts.

    Args:
        settings: Where the project is.
        file: The file to write; its folder is made, what it held is replaced.

    Raises:
        FieldlabError: dbt could not read the project or the database, or there is something else of that name.
        OSError: The file cannot be written.
    """
    target = settings.manifest_file.parent / "docs"
    file.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(file) as unfinished:  # whoever serves the file never reads half of it
        with open_warehouse(settings) as warehouse, open_dbt(settings, warehouse, target) as dbt:
            _generate(dbt, settings)
            manifest = dbt.manifest()
        catalog = json.loads((target / "catalog.json").read_text(encoding="utf-8"))
        shown = with_pictures(without_unit_tests(manifest), settings.package_dir)
        unfinished.write_text(static_page(_site(), shown, catalog), encoding="utf-8")
    return DocsPage(file, missing_tables(manifest, catalog))


def _generate(dbt: Dbt, settings: Settings) -> None:
    # What the last run parsed spares a parse of the whole project.
    parsed = settings.manifest_file.with_name("partial_parse.msgpack")
    known = ["--partial-parse-file-path", str(parsed)] if parsed.is_file() else []
    result = dbt.run(["docs", "generate", *known], {})
    if not result.success:
        raise FieldlabError("dbt could not describe the project:\n" + "\n".join(result.explain()))


def without_unit_tests(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest without its unit tests, which the site would draw as nodes of the graph.

    dbt has no setting that hides them: `docs: {show: false}` does nothing on a unit test.
    """
    unit_tests = set(manifest["unit_tests"])
    maps = {
        name: {
            node: [other for other in others if other not in unit_tests]
            for node, others in manifest[name].items()
            if node not in unit_tests
        }
        for name in ("parent_map", "child_map")
    }
    return {**manifest, **maps, "unit_tests": {}}


def with_pictures(manifest: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A manifest whose pages of prose hold the pictures they link to, `![…](assets/NAME.svg)`, as data.

    Args:
        manifest: dbt's manifest.json.
        folder: The folder with `assets`.
    """

    def embedded(link: re.Match[str]) -> str:
        return f"](data:image/svg+xml;base64,{b64encode((folder / link[1]).read_bytes()).decode()})"

    docs = {
        name: {**block, "block_contents": re.sub(r"\]\((assets/[\w-]+\.svg)\)", embedded, block["block_contents"])}
        for name, block in manifest["docs"].items()
    }
    return {**manifest, "docs": docs}


def static_page(site: str, manifest: Mapping[str, Any], catalog: Mapping[str, Any]) -> str:
    """The documentation site of dbt with its data inside, so that it needs no server.

    Raises:
        FieldlabError: The site has no place for the data: this dbt is another than the one fieldlab is made for.
    """
    for place, data in (("MANIFEST", manifest), ("CATALOG", catalog)):
        mark = f'"{place}.JSON INLINE DATA"'
        if mark not in site:
            raise FieldlabError(f"The documentation site of this dbt has no {mark} to put the project's data into.")
        # In a script, `</` could end it and `<!--` could hide what follows.
        site = site.replace(mark, json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))
    return site


def _site() -> str:
    """The page that dbt ships; dbt itself is not imported, which would take seconds."""
    package = find_spec("dbt")
    for folder in (package and package.submodule_search_locations) or []:
        page = Path(folder) / "task" / "docs" / "index.html"
        if page.is_file():
            text = page.read_text(encoding="utf-8")
            for wrong, right in REPAIRS.items():
                text = text.replace(wrong, right)
            return text
    raise FieldlabError("The installed dbt has no documentation site.", "Run `make setup`.")


def missing_tables(manifest: Mapping[str, Any], catalog: Mapping[str, Any]) -> str:
    """A sentence on what the database does not have, so that the page shows no types for it; empty when it has all."""
    expected = [key for key, node in manifest["nodes"].items() if node["resource_type"] in BUILT]
    missing = sorted(key.split(".")[2] for key in expected if key not in catalog["nodes"])
    if len(missing) == len(expected):
        return "Nothing is built yet: the page has descriptions and lineage. `fieldlab demo` or `fieldlab run` builds."
    if not missing:
        return ""
    rest = len(missing) - NAMED
    names = missing if rest <= 1 else [*missing[:NAMED], f"{rest} others"]
    return f"{count(len(missing), 'table is', 'tables are')} not built yet: {listing(names)}."
