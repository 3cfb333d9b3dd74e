with recommendations as (
    select * from {{ ref('int_procurement__recommendations_dated') }}
),

effects as (
    select * from {{ ref('int_procurement__price_effects_measured') }}
),

items as (
    select * from {{ ref('stg_procurement__items') }}
),

vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

branches as (
    select * from {{ ref('stg_procurement__branches') }}
),

recommendation_outcomes as (
    select
        recommendations.recommendation_id,
        recommendations.rule_id,
        recommendations.type,
        recommendations.category,
        recommendations.title,
        recommendations.item_id,
        items.item_name,
        recommendations.vendor_id,
        vendors.vendor_name,
        recommendations.branch_id,
        branches.branch_name,
        recommendations.invoice_id,
        recommendations.priority,
        cast(recommendations.confidence_score as numeric(38, 12)) as confidence_score,
        recommendations.estimated_savings,
        recommendations.expected_savings,
        recommendations.savings_basis,
        recommendations.decision_key,
        recommendations.claim,
        recommendations.is_price_rule,
        recommendations.status,
        recommendations.raised_on,
        recommendations.viewed_on,
        recommendations.decided_on,
        recommendations.decided_by,
        recommendations.closed_on,
        recommendations.closing_reason,
        {{ dbt.datediff('recommendations.raised_on', 'coalesce(recommendations.closed_on, ' ~ as_of() ~ ')', 'day') }}
            as open_days,
        {{ dbt.datediff('recommendations.raised_on', 'recommendations.decided_on', 'day') }} as days_to_decision,
        cast(recommendations.named_price as numeric(38, 12)) as named_price,
        cast(recommendations.target_price as numeric(38, 12)) as target_price,
        case
            when recommendations.status = 'APPLIED' and recommendations.is_price_rule
                then least(
                    {{ dbt.datediff('recommendations.decided_on', as_of(), 'day') }},
                    {{ var('price_effect_days') }}
                )
        end as observed_days,
        effects.purchase_count as realised_purchase_count,
        effects.quantity as realised_quantity,
        {{ ratio('effects.amount', 'effects.quantity') }} as realised_price,
        recommendations.named_price * effects.quantity - effects.amount as realised_effect,
        {{ run_columns() }}
    from recommendations
    left join effects on recommendations.recommendation_id = effects.recommendation_id
    left join items on recommendations.item_id = items.item_id
    left join vendors on recommendations.vendor_id = vendors.vendor_id
    left join branches on recommendations.branch_id = branches.branch_id
)

select * from recommendation_outcomes
