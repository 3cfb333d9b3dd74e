"""Everything about a branch, and the list of them: `/branches`."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import psycopg

from runner.procurement import analysis
from runner.procurement.read import Filter, list_decisions
from runner.serve.pages.page import Ask, Page
from runner.serve.pages.reads import DECISIONS, SHOWN, index_chart, month_chart, row, rows
from runner.serve.pages.things import each_of, find, read_list
from runner.settings import Settings
from runner.words import Words


def read(connection: psycopg.Connection, settings: Settings, ask: Ask) -> Mapping[str, Any]:
    """What `/branches/{branch}` shows."""
    branch = find(connection, settings, "branch", ask.key, (_FIND, _NAMES))
    about = {"branch_id": branch.key}
    as_of = analysis.marts_as_of(connection, settings)
    months = {one["month"]: one["total_amount"] for one in rows(connection, settings, _MONTHS, **about)}
    indices = rows(connection, settings, _INDEX, key_id=str(branch.key))
    words = Words(settings.currency)
    return {
        "branch": branch,
        "concentration": row(connection, settings, _CONCENTRATION, key_id=str(branch.key)),
        "change": row(connection, settings, _CHANGE, **about),
        "months": as_of and month_chart("Spending by month", "amount of invoice lines", months, as_of, words),
        "index": index_chart(f"Prices that {branch.name or branch.key} pays", indices),
        "newest_index": next((one for one in reversed(indices) if one["year_fisher"] is not None), None),
        "vendors": rows(connection, settings, _VENDORS, **about, key_id=str(branch.key), limit=SHOWN),
        "items": rows(connection, settings, _ITEMS, **about, limit=SHOWN),
        "odd_orders": rows(connection, settings, _ANOMALIES, **about, limit=SHOWN),
        "listing": list_decisions(connection, settings, Filter(branch=str(branch.key)), DECISIONS),
    }


_BRANCHES = """
    with spent as (
        select scope_key.branch_id, sum(standing.total_amount) as total_amount
        from {procurement}.branches as scope_key
        inner join {procurement}.vendor_standing as standing
            on standing.scope = 'branch' and standing.key_id = cast(scope_key.branch_id as text)
        group by scope_key.branch_id
    )

    select
        branches.branch_id as key,
        branches.branch_name as name,
        'mostly ' || concentration.top_vendor_name as remark,
        spent.total_amount,
        cast(null as numeric) as spend_share,
        cast(null as text) as class,
        count(*) over () as in_all
    from {procurement}.branches
    left join spent using (branch_id)
    left join {procurement}.spend_concentration as concentration
        on concentration.scope = 'branch' and concentration.key_id = cast(branches.branch_id as text)
    where %(wanted)s = '' or strpos(lower(branches.branch_name), %(wanted)s) > 0
    order by spent.total_amount desc nulls last, branches.branch_id
    offset %(first)s
    limit %(limit)s
"""

_FIND = """
    select branch_id as key, branch_name as name
    from {procurement}.branches
    where cast(branch_id as text) = %(text)s or lower(branch_name) = lower(%(text)s)
    order by branch_id
"""

_NAMES = "select distinct branch_name as name from {procurement}.branches"

_MONTHS = "select month, total_amount from {procurement}.branch_spending where branch_id = %(branch_id)s"

_INDEX = """
    select month, chained_index, year_fisher, is_thin
    from {procurement}.price_indices
    where scope = 'branch' and key_id = %(key_id)s
    order by month
"""

_CONCENTRATION = """
    select vendor_count, effective_vendor_count, top_vendor_id, top_vendor_name, top_share
    from {procurement}.spend_concentration
    where scope = 'branch' and key_id = %(key_id)s
"""

_CHANGE = """
    select sum(amount_now) as amount_now, sum(amount_before) as amount_before, sum(change) as change,
        sum(price_effect) as price_effect
    from {procurement}.spend_bridge
    where period = 'year' and branch_id = %(branch_id)s
    having count(*) > 0
"""

_VENDORS = """
    select standing.vendor_id as key, standing.vendor_name as name, standing.total_amount, standing.spend_share,
        standing.class, orders.avg_order_cycle_days, orders.avg_order_amount, orders.last_order_date,
        count(*) over () as in_all
    from {procurement}.vendor_standing as standing
    left join {procurement}.vendor_order_patterns as orders
        on orders.branch_id = %(branch_id)s and orders.vendor_id = standing.vendor_id
    where standing.scope = 'branch' and standing.key_id = %(key_id)s
    order by standing.total_amount desc, standing.vendor_id
    limit %(limit)s
"""

_ITEMS = """
    select item_id as key, item_name as name, sum(amount_now) as amount_now, sum(amount_before) as amount_before,
        sum(change) as change, sum(price_effect) as price_effect, count(*) over () as in_all
    from {procurement}.spend_bridge
    where period = 'year' and branch_id = %(branch_id)s
    group by item_id, item_name
    order by amount_now desc, item_id
    limit %(limit)s
"""

_ANOMALIES = """
    select item_id, item_name, invoice_id, order_date, quantity, expected_quantity, amount
    from {procurement}.order_anomalies
    where branch_id = %(branch_id)s and scope = 'branch' and is_material_outlier
    order by order_date desc, invoice_id, item_id
    limit %(limit)s
"""

PAGES = (
    Page("/branches", "things.html", partial(read_list, "/branches", _BRANCHES)),
    Page(
        "/branches/{key}",
        "branch.html",
        read,
        each_of("select branch_id as key from {procurement}.branches order by branch_id"),
    ),
)
