"""The set work of the back-test, as SQL over staging: what each dealer knew, did and would have been advised.

Everything is about one cut-off and lives in temporary tables. A display of before the cut-off is evidence, one of the
days after it is what came of it. The formulas are those of dealer_influence, collection_trends and the rules ADD and
DROP; tests compare them with an independent computation.
"""

SNAPSHOT = """
select exists (
    select
    from pg_catalog.pg_class
    inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where pg_namespace.nspname = %(schema)s and pg_class.relname = 'selections_snapshot'
)
"""

# The first date from which the snapshot tells what selections said.
SNAPSHOT_BEGINS = """
select min(cast(dbt_valid_from at time zone 'UTC' at time zone %(zone)s as date))
from {snapshots}.selections_snapshot
"""

DISPLAYS = """
create temporary table backtest_displays on commit drop as
select
    products.vendor_id,
    displays.dealer_id,
    products.collection_id,
    displays.product_id,
    displays.source_market,
    cast(displays.ordered_at at time zone 'UTC' at time zone %(zone)s as date) as displayed_on
from {staging}.stg_alignment__displays as displays
inner join {staging}.int_alignment__products_joined as products using (product_id)
"""

SALES = """
create temporary table backtest_sales on commit drop as
select
    products.vendor_id,
    sales.dealer_id,
    products.collection_id,
    sales.amount,
    cast(sales.sold_at at time zone 'UTC' at time zone %(zone)s as date) as sold_on
from {staging}.stg_alignment__dealer_sales as sales
inner join {staging}.int_alignment__products_joined as products using (product_id)
"""

SELECTIONS = """
create temporary table backtest_selections (
    vendor_id text, dealer_id text, collection_id text, product_id text, status text, selected_on date
) on commit drop
"""

FORGET_SELECTIONS = "truncate backtest_selections"

# As they were at the cut-off: the version that held at the end of that day.
SELECTIONS_OF_THEN = """
insert into backtest_selections
select
    products.vendor_id,
    versions.dealer_id,
    products.collection_id,
    versions.product_id,
    versions.status,
    cast(versions.created_at at time zone 'UTC' at time zone %(zone)s as date)
from {snapshots}.selections_snapshot as versions
inner join {staging}.int_alignment__products_joined as products using (product_id)
where
    cast(versions.created_at at time zone 'UTC' at time zone %(zone)s as date) <= %(cut_off)s
    and cast(versions.dbt_valid_from at time zone 'UTC' at time zone %(zone)s as date) <= %(cut_off)s
    and (
        versions.dbt_valid_to is null
        or cast(versions.dbt_valid_to at time zone 'UTC' at time zone %(zone)s as date) > %(cut_off)s
    )
"""

# Leaky: made by the cut-off, with the status of today.
SELECTIONS_OF_TODAY = """
insert into backtest_selections
select
    products.vendor_id,
    selections.dealer_id,
    products.collection_id,
    selections.product_id,
    selections.status,
    cast(selections.created_at at time zone 'UTC' at time zone %(zone)s as date)
from {staging}.stg_alignment__selections as selections
inner join {staging}.int_alignment__products_joined as products using (product_id)
where cast(selections.created_at at time zone 'UTC' at time zone %(zone)s as date) <= %(cut_off)s
"""

VENDORS = """
select distinct vendor_id
from {staging}.stg_alignment__collections
where %(vendor_id)s::text is null or vendor_id = %(vendor_id)s
"""

# One row per vendor, collection and dealer in the population: whether it carried the collection, what became of it, and
# the place of the collection in each ranking.
PAIRS = """
create temporary table backtest_pairs on commit drop as
with shown as (
    select *
    from backtest_displays
    where displayed_on <= %(cut_off)s
),

followed as (
    select distinct dealer_id, collection_id
    from backtest_displays
    where displayed_on > %(cut_off)s and displayed_on <= %(cut_off)s + %(follow)s::integer
),

sold as (
    select distinct dealer_id, collection_id
    from backtest_sales
    where amount > 0 and sold_on > %(cut_off)s and sold_on <= %(cut_off)s + %(follow)s::integer
),

measurable as (
    select distinct vendor_id
    from backtest_sales
    where sold_on > %(cut_off)s and sold_on <= %(cut_off)s + %(follow)s::integer
),

-- Influence, without sales: as in dealer_influence.
activities as (
    select vendor_id, dealer_id, collection_id, 1 as displays
    from shown
    union all
    select vendor_id, dealer_id, null as collection_id, 0 as displays
    from backtest_selections
),

visits as (
    select dealer_id, count(distinct source_market) as visit_count
    from shown
    where displayed_on >= %(cut_off)s - make_interval(years => %(market_visit_years)s::integer)
    group by dealer_id
),

measured as (
    select
        activities.vendor_id,
        activities.dealer_id,
        least(
            sum(activities.displays) * %(sales_per_display)s::numeric, %(full_score_sales)s::numeric
        ) as sales,
        least(count(distinct activities.collection_id), %(full_score_collections)s::numeric) as collections,
        least(coalesce(max(visits.visit_count), 0), %(full_score_market_visits)s::numeric) as visits
    from activities
    left join visits using (dealer_id)
    group by activities.vendor_id, activities.dealer_id
),

combined as (
    select
        vendor_id,
        dealer_id,
        100 * (
            %(influence_weight_sales)s::numeric * sales
            * %(full_score_collections)s::numeric * %(full_score_market_visits)s::numeric
            + %(influence_weight_breadth)s::numeric * collections
            * %(full_score_sales)s::numeric * %(full_score_market_visits)s::numeric
            + %(influence_weight_participation)s::numeric * visits
            * %(full_score_sales)s::numeric * %(full_score_collections)s::numeric
        ) as numerator,
        %(full_score_sales)s::numeric
        * %(full_score_collections)s::numeric * %(full_score_market_visits)s::numeric as denominator
    from measured
),

scored as (
    select vendor_id, dealer_id, div(2 * numerator + denominator, 2 * denominator) as score
    from combined
),

medians as (
    select
        vendor_id,
        count(*) as active_dealer_count,
        percentile_disc(0.5) within group (order by score) filter (where score > 0) as median_score
    from scored
    group by vendor_id
),

weights as (
    select
        scored.vendor_id,
        scored.dealer_id,
        case
            when scored.score > 0 then scored.score
            else coalesce(medians.median_score, %(neutral_dealer_weight)s::numeric)
        end as dealer_weight
    from scored
    inner join medians using (vendor_id)
),

-- One voice per dealer and product: its selection, else SELECTED for what it displays.
voices as (
    select vendor_id, dealer_id, collection_id, status
    from backtest_selections
    where selected_on > %(trend_after)s
    union all
    select distinct on (shown.dealer_id, shown.product_id)
        shown.vendor_id, shown.dealer_id, shown.collection_id, 'SELECTED' as status
    from shown
    left join backtest_selections as selections using (dealer_id, product_id)
    where shown.displayed_on > %(trend_after)s and selections.product_id is null
),

trends as (
    select
        voices.collection_id,
        sum(weights.dealer_weight * selection_weights.weight) * 0.01 as raw_trend
    from voices
    inner join weights using (vendor_id, dealer_id)
    inner join {staging}.selection_weights as selection_weights using (status)
    group by voices.collection_id
),

holdings as (
    select
        dealer_id,
        collection_id,
        bool_or(is_carried) as is_carried,
        max(displayed_on) as last_displayed_on,
        max(status_place) as status_place
    from (
        select
            dealer_id, collection_id, displayed_on > %(carry_after)s as is_carried, displayed_on, 0 as status_place
        from shown
        union all
        select
            dealer_id,
            collection_id,
            selected_on > %(carry_after)s and status in ('SELECTED', 'MUST_CARRY') as is_carried,
            null as displayed_on,
            array_position(array['PASSED', 'INTERESTED', 'SELECTED', 'MUST_CARRY'], status) as status_place
        from backtest_selections
    ) as done
    group by dealer_id, collection_id
),

carriers as (
    select collection_id, count(*) as carrier_count
    from holdings
    where is_carried
    group by collection_id
),

measures as (
    select
        collections.vendor_id,
        collections.collection_id,
        collections.collection_name,
        coalesce(trends.raw_trend, 0) as raw_trend,
        greatest(1, max(trends.raw_trend) over (partition by collections.vendor_id)) as trend_base,
        coalesce(carriers.carrier_count, 0) as carrier_count,
        coalesce(medians.active_dealer_count, 0) as active_dealer_count
    from {staging}.stg_alignment__collections as collections
    left join trends using (collection_id)
    left join carriers using (collection_id)
    left join medians on collections.vendor_id = medians.vendor_id
    where %(vendor_id)s::text is null or collections.vendor_id = %(vendor_id)s
),

judged as (
    select
        *,
        row_number() over (
            partition by vendor_id
            order by raw_trend desc, collection_name collate "C", collection_id collate "C"
        ) as trend_order,
        row_number() over (
            partition by vendor_id
            order by carrier_count desc, collection_name collate "C", collection_id collate "C"
        ) as carrier_order,
        row_number() over (
            partition by vendor_id
            order by raw_trend, collection_name collate "C", collection_id collate "C"
        ) as drop_order,
        %(add_enabled)s
        and carrier_count >= %(add_min_carriers)s
        and case
            when %(add_min_carrier_share)s::numeric is null then raw_trend >= %(add_min_trend)s::numeric * trend_base
            else carrier_count >= %(add_min_carrier_share)s::numeric * active_dealer_count
        end as may_be_added,
        %(drop_enabled)s
        and raw_trend < %(drop_below_trend)s::numeric * trend_base
        and not (%(keep_enabled)s and raw_trend >= %(keep_min_trend)s::numeric * trend_base) as may_be_dropped
    from measures
),

population as (
    select distinct vendor_id, dealer_id
    from shown
    where displayed_on > %(cut_off)s - 365
)

select
    judged.vendor_id,
    population.dealer_id,
    judged.collection_id,
    coalesce(holdings.is_carried, false) as is_carried,
    judged.carrier_count,
    followed.dealer_id is not null as is_displayed_after,
    followed.dealer_id is not null or sold.dealer_id is not null as stays_or_sells,
    measurable.vendor_id is not null as is_measurable,
    judged.trend_order,
    judged.carrier_order,
    judged.may_be_added,
    judged.drop_order,
    judged.may_be_dropped and (
        %(drop_quiet_days)s::integer is null
        or (
            coalesce(holdings.last_displayed_on <= %(cut_off)s - %(drop_quiet_days)s::integer, true)
            and coalesce(holdings.status_place, 0) < 4
        )
    ) as may_be_dropped,
    case when %(drop_quiet_days)s::integer is not null then coalesce(holdings.status_place, 0) else 0 end as drop_place
from population
inner join judged using (vendor_id)
left join holdings
    on population.dealer_id = holdings.dealer_id and judged.collection_id = holdings.collection_id
left join followed
    on population.dealer_id = followed.dealer_id and judged.collection_id = followed.collection_id
left join sold
    on population.dealer_id = sold.dealer_id and judged.collection_id = sold.collection_id
left join measurable on judged.vendor_id = measurable.vendor_id
"""

# Per vendor and dealer: how much there was to choose from, what came of it, and how many each ranking advised and hit.
ADD_TALLIES = """
with candidates as (
    select
        *,
        row_number() over (partition by vendor_id, dealer_id order by trend_order) as trend_place,
        row_number() over (partition by vendor_id, dealer_id order by carrier_order) as carrier_place,
        row_number() over (
            partition by vendor_id, dealer_id, may_be_added
            order by case when %(order_by_carriers)s then carrier_order else trend_order end
        ) as rule_place,
        count(*) filter (where may_be_added) over (partition by vendor_id, dealer_id) as rule_count
    from backtest_pairs
    where not is_carried and carrier_count > 0
)

select
    vendor_id,
    dealer_id,
    count(*) as candidate_count,
    count(*) filter (where is_displayed_after) as adoption_count,
    least(max(rule_count), %(add_max_count)s) as rule_advised,
    count(*) filter (
        where is_displayed_after and may_be_added and rule_place <= %(add_max_count)s
    ) as rule_hits,
    least(count(*), %(listed)s) as listed_count,
    count(*) filter (where is_displayed_after and trend_place <= %(listed)s) as trend_hits,
    count(*) filter (where is_displayed_after and carrier_place <= %(listed)s) as carrier_hits,
    count(*) filter (
        where is_displayed_after and carrier_place <= least(rule_count, %(add_max_count)s)
    ) as cut_hits
from candidates
group by vendor_id, dealer_id
"""

DROP_TALLIES = """
with carried as (
    select
        *,
        row_number() over (
            partition by vendor_id, dealer_id, may_be_dropped
            order by drop_place, drop_order
        ) as rule_place
    from backtest_pairs
    where is_carried and is_measurable
)

select
    vendor_id,
    dealer_id,
    count(*) as candidate_count,
    count(*) filter (where not stays_or_sells) as adoption_count,
    count(*) filter (where may_be_dropped and rule_place <= %(drop_max_count)s) as rule_advised,
    count(*) filter (
        where not stays_or_sells and may_be_dropped and rule_place <= %(drop_max_count)s
    ) as rule_hits
from carried
group by vendor_id, dealer_id
"""

POPULATION = "select distinct vendor_id, dealer_id from backtest_pairs"

COPY_ROWS = """
copy {ops}.alignment_backtests (
    run_id, basis, vendor_id, cut_off, follow_days, advice, ranking, dealer_count, candidate_count, adoption_count,
    advised_count, hit_count, precision, recall, lift, lift_low, lift_high, difference, difference_low,
    difference_high, created_at
) from stdin
"""
