"""Everything about a vendor, and the list of them: `/vendors`."""

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
    """What `/vendors/{vendor}` shows."""
    vendor = find(connection, settings, "vendor", ask.key, (_FIND, _NAMES))
    about = {"vendor_id": vendor.key}
    as_of = analysis.marts_as_of(connection, settings)
    indices = rows(connection, settings, _INDEX, key_id=str(vendor.key))
    months = {one["month"]: one["purchase_amount"] for one in indices}
    unit, words = "what the purchases of the month cost", Words(settings.currency)
    return {
        "vendor": vendor,
        "about": row(connection, settings, _VENDOR, **about),
        "standing": row(connection, settings, _STANDING, **about),
        "months": as_of and month_chart("Purchases by month", unit, months, as_of, words),
        "index": index_chart(f"Prices of {vendor.name or vendor.key}", indices),
        "newest_index": next((one for one in reversed(indices) if one["year_fisher"] is not None), None),
        "items": rows(connection, settings, _ITEMS, **about, limit=SHOWN),
        "branches": rows(connection, settings, _BRANCHES, **about, limit=SHOWN),
        "twins": rows(connection, settings, _TWINS, **about),
        "duplicates": rows(connection, settings, _DUPLICATES, **about),
        "listing": list_decisions(connection, settings, Filter(vendor=str(vendor.key)), DECISIONS),
    }


_VENDORS = """
    select
        vendors.vendor_id as key,
        vendors.vendor_name as name,
        concat_ws(
            ' · ',
            case when standing.is_new then 'new' end,
            case when standing.is_lost then 'no longer bought from' end,
            case when standing.is_one_off then 'one invoice' end
        ) as remark,
        standing.total_amount,
        standing.spend_share,
        standing.class,
        count(*) over () as in_all
    from {procurement}.vendors
    left join {procurement}.vendor_standing as standing
        on standing.scope = 'network' and vendors.vendor_id = standing.vendor_id
    where %(wanted)s = '' or strpos(lower(vendors.vendor_name), %(wanted)s) > 0
    order by standing.total_amount desc nulls last, vendors.vendor_id
    offset %(first)s
    limit %(limit)s
"""

_FIND = """
    select vendor_id as key, vendor_name as name
    from {procurement}.vendors
    where cast(vendor_id as text) = %(text)s or lower(vendor_name) = lower(%(text)s)
    order by vendor_id
"""

_NAMES = "select distinct vendor_name as name from {procurement}.vendors"

_VENDOR = "select tax_id from {procurement}.vendors where vendor_id = %(vendor_id)s"

_STANDING = """
    select total_amount, invoice_count, item_count, branch_count, spend_share, spend_rank, class, is_new, is_lost,
        is_one_off
    from {procurement}.vendor_standing
    where scope = 'network' and vendor_id = %(vendor_id)s
"""

_INDEX = """
    select month, purchase_amount, chained_index, year_fisher, is_thin
    from {procurement}.price_indices
    where scope = 'vendor' and key_id = %(key_id)s
    order by month
"""

_ITEMS = """
    select item_id as key, item_name as name, sum(amount_now) as amount_now, sum(amount_before) as amount_before,
        sum(change) as change, sum(price_effect) as price_effect, count(*) over () as in_all
    from {procurement}.spend_bridge
    where period = 'year' and vendor_id = %(vendor_id)s
    group by item_id, item_name
    order by amount_now desc, item_id
    limit %(limit)s
"""

_BRANCHES = """
    select cast(key_id as integer) as key, key_name as name, total_amount, spend_share, spend_rank, class,
        count(*) over () as in_all
    from {procurement}.vendor_standing
    where scope = 'branch' and vendor_id = %(vendor_id)s
    order by total_amount desc, key_id
    limit %(limit)s
"""

_TWINS = """
    select
        case when vendor_id = %(vendor_id)s then other_vendor_id else vendor_id end as key,
        case when vendor_id = %(vendor_id)s then other_vendor_name else vendor_name end as name,
        basis
    from {procurement}.vendor_twins
    where %(vendor_id)s in (vendor_id, other_vendor_id)
    order by key
"""

_DUPLICATES = """
    select invoice_id, other_invoice_id, invoice_number, other_invoice_number, date, other_date, branch_name, basis,
        identical_amount
    from {procurement}.duplicate_invoices
    where vendor_id = %(vendor_id)s
    order by date desc, invoice_id, other_invoice_id
"""

PAGES = (
    Page("/vendors", "things.html", partial(read_list, "/vendors", _VENDORS)),
    Page(
        "/vendors/{key}",
        "vendor.html",
        read,
        each_of("select vendor_id as key from {procurement}.vendors order by vendor_id"),
    ),
)
