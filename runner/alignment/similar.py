"""What is like a product or a dealer: reads the marts similar_products and similar_dealers."""

from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from runner.database.query import query
from runner.errors import NotBuiltError, NotFoundError
from runner.lookup import AmbiguousError, closest, either
from runner.settings import Settings

# Products and dealers together: what a person types may be either. An id beats a SKU, that a name, that a name in other
# capitals.
FIND = """
with subjects as (
    select 'product' as kind, product_id as id, sku, product_name as name, vendor_id as vendor
    from {alignment}.products
    where %(vendor_id)s::text is null or vendor_id = %(vendor_id)s
    union all
    select 'dealer' as kind, dealer_id as id, null as sku, dealer_name as name, region as vendor
    from {alignment}.dealers
    where
        %(vendor_id)s::text is null
        or dealer_id in (select dealer_id from {alignment}.dealer_influence where vendor_id = %(vendor_id)s)
)

select
    kind, id, sku, name, vendor as remark,
    case when id = %(text)s then 1 when sku = %(text)s then 2 when name = %(text)s then 3 else 4 end as place
from subjects
where
    (%(text)s in (id, sku, name) or lower(name) = lower(%(text)s))
    and (%(kind)s::text is null or kind = %(kind)s)
order by place, kind, id collate "C"
"""

NAMES = """
select product_name from {alignment}.products where coalesce(%(kind)s::text, 'product') = 'product'
union
select dealer_name from {alignment}.dealers where coalesce(%(kind)s::text, 'dealer') = 'dealer'
"""

SIMILAR_PRODUCTS = """
select similar_product_id, similar_sku, similar_product_name, similarity, basis, similar_rank, shared_dealer_count
from {alignment}.similar_products
where product_id = %(id)s
order by similar_rank
limit %(limit)s
"""

SIMILAR_DEALERS = """
select
    similar_dealer_id, similar_dealer_name, similarity, shared_count, carried_count, similar_carried_count, similar_rank
from {alignment}.similar_dealers
where dealer_id = %(id)s
order by similar_rank
limit %(limit)s
"""

# What the listed dealers carry and this one does not.
MISSING_COLLECTIONS = """
with listed as (
    select similar_dealer_id as dealer_id
    from {alignment}.similar_dealers
    where dealer_id = %(id)s and similar_rank <= %(limit)s
)

select positions.vendor_id, positions.collection_id, positions.collection_name, count(*) as dealer_count
from {alignment}.dealer_collection_positions as positions
inner join listed using (dealer_id)
where
    positions.is_carried
    and (%(vendor_id)s::text is null or positions.vendor_id = %(vendor_id)s)
    and not exists (
        select
        from {alignment}.dealer_collection_positions as own
        where own.dealer_id = %(id)s and own.is_carried and own.collection_id = positions.collection_id
    )
group by positions.vendor_id, positions.collection_id, positions.collection_name
order by dealer_count desc, positions.collection_name collate "C", positions.collection_id collate "C"
limit %(limit)s
"""


class ProductOrDealer(NamedTuple):
    """A product or a dealer.

    Attributes:
        kind: product or dealer.
        sku: A product's article number.
        remark: A product's vendor, a dealer's region.
    """

    kind: str
    id: str
    sku: str | None
    name: str
    remark: str | None


class Similar(NamedTuple):
    """What is like a product or dealer, most similar first; of a dealer also what it lacks of those like it."""

    subject: ProductOrDealer
    listed: list[dict[str, Any]]
    collections: list[dict[str, Any]]


def find_product_or_dealer(
    connection: psycopg.Connection, settings: Settings, text: str, vendor_id: str | None, kind: str | None = None
) -> ProductOrDealer:
    """The product or dealer that a person means, by id, SKU or name; `kind`: only one of these two.

    Raises:
        AmbiguousError: Several have this name; all of them are listed.
        NotFoundError: There is none.
        NotBuiltError: There are no marts yet.
    """
    whose = {"text": text, "vendor_id": vendor_id, "kind": kind}
    try:
        rows = connection.execute(query(settings, FIND), whose).fetchall()
        names = [] if rows else [name for (name,) in connection.execute(query(settings, NAMES), whose)]
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise NotBuiltError(
            "There are no alignment marts yet.", "Make them with `fieldlab run --job alignment`."
        ) from error
    matches = [ProductOrDealer(*row[:-1]) for row in rows if row[-1] == rows[0][-1]]
    if len(matches) == 1:
        return matches[0]
    if matches:
        listed = "\n".join(f"  {one.id}  {one.kind}, {one.remark or 'no region'}" for one in matches)
        raise AmbiguousError(f"{len(matches)} things are called {text!r}; name one by its id:\n{listed}")
    within = f" of the vendor {vendor_id}" if vendor_id else ""
    raise NotFoundError(
        f"There is no {kind or 'product and no dealer'} {text!r}{within}.",
        f"Did you mean {either(closest(text, names))}?"
        if names
        else "The marts are empty; load some data and run again.",
    )


def similar(
    connection: psycopg.Connection, settings: Settings, subject: ProductOrDealer, vendor_id: str | None, limit: int
) -> Similar:
    """What the marts say is like a product or dealer.

    Args:
        connection: The warehouse.
        settings: Names the schemas.
        subject: What it is about.
        vendor_id: Collections of this vendor only; None is all.
        limit: At most this many of each list.
    """
    wanted = {"id": subject.id, "vendor_id": vendor_id, "limit": limit}
    with connection.cursor(row_factory=dict_row) as cursor:
        if subject.kind == "product":
            return Similar(subject, cursor.execute(query(settings, SIMILAR_PRODUCTS), wanted).fetchall(), [])
        listed = cursor.execute(query(settings, SIMILAR_DEALERS), wanted).fetchall()
        return Similar(subject, listed, cursor.execute(query(settings, MISSING_COLLECTIONS), wanted).fetchall())
