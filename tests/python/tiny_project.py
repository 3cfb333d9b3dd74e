"""A dbt project of a few models whose faults a test switches on in the database: `control.faults`."""

from pathlib import Path
from shutil import copyfile

import psycopg

from runner.database.sources import create_source_tables
from runner.load.contract import DOMAINS
from runner.settings import Settings

PROJECT = Path(__file__).parents[2]
FILES = {
    "dbt_project.yml": """
name: fieldlab
version: 1.0.0
profile: fieldlab
vars:
  timezone: UTC
  lock_timeout: 60
  alignment_source_schema: raw_alignment
  procurement_source_schema: raw_procurement
  max_shrink_share: 0.5
  counted_statuses: [APPROVED]
  stale_after_days: 30
models:
  fieldlab:
    +materialized: table
    +access: public
    +group: everyone
    +schema: procurement
""",
    "models/_models.yml": """
groups:
  - name: everyone
    owner: {name: Everyone, email: everyone@example.com}
models:
  - name: market
    config: {tags: [alignment]}
    data_tests: [no_bad_rows]
  - name: market_summary
    config: {tags: [alignment]}
  - name: invoice_lines
    config: {tags: [spending-metrics, price-benchmarks]}
  - name: branch_spending
    config: {tags: [spending-metrics, price-benchmarks]}
  - name: spending_metrics
    config: {tags: [spending-metrics, recommendations]}
  - name: price_snapshots
    config: {tags: [price-benchmarks], materialized: incremental, full_refresh: false}
""",
    "macros/fault.sql": """
{% macro fault(name) %}
(select coalesce(sum(value), 0)::int from control.faults where fault = '{{ name }}')
{% endmacro %}
{% macro delete_day() %}
{% if is_incremental() %}
delete from {{ this }} where snapshot_date = '{{ env_var('FIELDLAB_AS_OF', '') }}'
{% endif %}
{% endmacro %}
{% macro lose_connection() %}
select case when nextval('control.tries') <= {{ fault('lost') }} then pg_terminate_backend(pg_backend_pid()) end
{% endmacro %}
""",
    "macros/no_bad_rows.sql": "{% test no_bad_rows(model) %}select * from {{ model }} where is_bad{% endtest %}",
    "models/alignment/market.sql": """
{{ config(pre_hook="{{ lose_connection() }}") }}
with pause as materialized (select pg_sleep({{ fault('sleep') }}))
select 1 as id, {{ fault('bad') }} > 0 as is_bad from pause
""",
    "models/alignment/market_summary.sql": "select count(*) as n from {{ ref('market') }}",
    "models/invoice_lines.sql": """
select
    number,
    '{{ env_var("FIELDLAB_AS_OF", "2000-01-01") if execute }}'::date as as_of,
    '{{ env_var("FIELDLAB_RUN_ID", "") if execute }}' as run_id
from generate_series(1, 3) as number
""",
    "models/branch_spending.sql": "select distinct as_of from {{ ref('invoice_lines') }}",
    "models/spending_metrics.sql": "select 1 / (1 - {{ fault('broken') }}) as one from {{ ref('invoice_lines') }}",
    "models/price_snapshots.sql": """
{{ config(pre_hook="{{ delete_day() }}") }}
select
    '{{ env_var("FIELDLAB_AS_OF", "2000-01-01") if execute }}'::date as snapshot_date,
    number,
    '{{ env_var("FIELDLAB_RUN_ID", "") if execute }}' as run_id
from {{ ref('invoice_lines') }}
cross join (select pg_sleep({{ fault('slow_day') }})) as pause
""",
}


def write_tiny_project(folder: Path) -> Path:
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for domain in DOMAINS:
        contract = Path("models", "staging", domain, f"_{domain}__sources.yml")
        (folder / contract).parent.mkdir(parents=True)
        copyfile(PROJECT / contract, folder / contract)
    return folder


def prepare_database(url: str, settings: Settings) -> None:
    """Both applications' tables, empty but for one vendor, and no faults."""
    with psycopg.connect(url) as connection:
        connection.execute("create schema control")
        connection.execute("create table control.faults (fault text, value numeric)")
        connection.execute("create sequence control.tries")
        for domain in DOMAINS:
            create_source_tables(connection, settings, domain)
        connection.execute("""insert into raw_alignment."Collection" values ('c1', 'Oak', 'acme-home', 0)""")
