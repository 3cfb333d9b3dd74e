with recommendations as (
    select * from {{ ref('int_procurement__recommendations_dated') }}
),

purchases as (
    select * from {{ ref('invoice_lines') }}
    where
        {{ is_purchase() }}
        and {{ within_last_days('date') }}
),

applied as (
    select
        *,
        cast({{ dbt.dateadd('day', var('price_effect_days'), 'decided_on') }} as date) as last_date
    from recommendations
    where
        status = 'APPLIED'
        and named_price is not null
),

price_effects_measured as (
    select
        applied.recommendation_id,
        count(*) as purchase_count,
        sum(purchases.quantity) as quantity,
        sum(purchases.amount) as amount
    from applied
    inner join purchases
        on
            applied.item_id = purchases.item_id
            and applied.decided_on < purchases.date
            and applied.last_date >= purchases.date
            -- What a recommendation is about narrows down whose purchases count; a switch shows at another vendor.
            and (applied.branch_id is null or applied.branch_id = purchases.branch_id)
            and (applied.vendor_id is null or applied.vendor_id = purchases.vendor_id or applied.claim = 'switch')
    where
        -- An opportunity to consolidate is measured over purchases with a branch and a vendor.
        coalesce(applied.claim, '') <> 'consolidate'
        or (purchases.branch_id is not null and purchases.vendor_id is not null)
    group by applied.recommendation_id
)

select * from price_effects_measured
