with purchases {{ computed_in_place() }} (
    select * from {{ ref('invoice_lines') }}
    where {{ is_purchase() }}
),

pack_factors as (
    select * from {{ ref('pack_factors') }}
),

base_purchases {{ computed_in_place() }} (
    select *
    from purchases
    where {{ within_last_days('date', var('unit_error_base_days')) }}
),

-- One row per price, so that the median needs no sort of all lines.
prices as (
    select
        item_id,
        unit_price,
        count(*) as line_count
    from base_purchases
    group by item_id, unit_price
),

placed_prices as (
    select
        item_id,
        unit_price,
        sum(line_count) over (partition by item_id order by unit_price) as lines_up_to,
        sum(line_count) over (partition by item_id) as item_lines
    from prices
),

-- percentile_disc(0.5): the lowest price that at least half of the lines do not exceed
usual_prices as (
    select
        item_id,
        min(unit_price) as usual_price
    from placed_prices
    where 2 * lines_up_to >= item_lines
    group by item_id
),

recent_lines as (
    select
        purchases.*,
        usual_prices.usual_price,
        greatest(purchases.unit_price, usual_prices.usual_price) as larger_price,
        least(purchases.unit_price, usual_prices.usual_price) as smaller_price,
        case when purchases.unit_price > usual_prices.usual_price then 'above' else 'below' end as direction
    from purchases
    inner join usual_prices on purchases.item_id = usual_prices.item_id
    where {{ within_last_days('purchases.date', var('unit_error_days')) }}
),

-- |ratio - factor| <= tolerance * factor, times the smaller price: no division
matches as (
    select
        recent_lines.*,
        pack_factors.factor,
        abs(recent_lines.larger_price - pack_factors.factor * recent_lines.smaller_price) as distance
    from recent_lines
    inner join pack_factors
        on
            abs(recent_lines.larger_price - pack_factors.factor * recent_lines.smaller_price)
            <= {{ var('unit_error_tolerance') }} * pack_factors.factor * recent_lines.smaller_price
    where recent_lines.larger_price >= {{ var('unit_error_min_ratio') }} * recent_lines.smaller_price
),

-- The factor that no other one is nearer than, relative to itself: distances are compared as products.
deviations as (
    select *
    from matches
    where
        not exists (
            select 1
            from matches as rivals
            where
                rivals.line_id = matches.line_id
                and (
                    rivals.distance * matches.factor < matches.distance * rivals.factor
                    or (
                        rivals.distance * matches.factor = matches.distance * rivals.factor
                        and rivals.factor < matches.factor
                    )
                )
        )
),

deviating_items as (
    select distinct item_id
    from deviations
),

item_invoices as (
    select
        base_purchases.item_id,
        count(distinct base_purchases.invoice_id) as invoice_count
    from base_purchases
    inner join deviating_items on base_purchases.item_id = deviating_items.item_id
    group by base_purchases.item_id
),

item_lines as (
    select
        recent_lines.item_id,
        count(*) as line_count
    from recent_lines
    inner join deviating_items on recent_lines.item_id = deviating_items.item_id
    group by recent_lines.item_id
),

-- Where half of the item's lines are as far off, the pack has another size for good.
counted_deviations as (
    select
        deviations.*,
        count(*) over (
            partition by deviations.item_id, deviations.direction, deviations.factor
        ) as alike_count
    from deviations
),

unit_price_errors as (
    select
        counted_deviations.line_id,
        counted_deviations.invoice_id,
        counted_deviations.date,
        counted_deviations.item_id,
        counted_deviations.item_name,
        counted_deviations.vendor_id,
        counted_deviations.vendor_name,
        counted_deviations.branch_id,
        counted_deviations.branch_name,
        counted_deviations.quantity,
        counted_deviations.unit_price,
        counted_deviations.usual_price,
        {{ ratio('counted_deviations.larger_price', 'counted_deviations.smaller_price') }} as ratio,
        counted_deviations.factor,
        counted_deviations.direction,
        (counted_deviations.unit_price - counted_deviations.usual_price) * counted_deviations.quantity
            as amount_at_stake,
        item_invoices.invoice_count,
        {{ run_columns() }}
    from counted_deviations
    inner join item_invoices on counted_deviations.item_id = item_invoices.item_id
    inner join item_lines on counted_deviations.item_id = item_lines.item_id
    where
        item_invoices.invoice_count >= {{ var('unit_error_min_invoices') }}
        and 2 * counted_deviations.alike_count < item_lines.line_count
)

select * from unit_price_errors
