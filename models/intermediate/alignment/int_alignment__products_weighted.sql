with selections as (
    select * from {{ ref('int_alignment__selections_joined') }}
),

dealers as (
    select * from {{ ref('int_alignment__dealers_scored') }}
),

selection_weights as (
    select * from {{ ref('selection_weights') }}
),

factored as (
    select * from {{ ref('int_alignment__products_factored') }}
),

summed as (
    select
        selections.product_id,
        count(*) as selection_count,
        count(*) filter (where selections.status = 'MUST_CARRY') as must_carry_count,
        count(*) filter (where selections.status = 'PASSED') as pass_count,
        sum(dealers.dealer_weight) as dealer_weight_sum,
        -- A weight of 100 is one full vote.
        coalesce(sum(dealers.dealer_weight * selection_weights.weight), 0) * 0.01 as raw_trend
    from selections
    inner join dealers
        on
            selections.vendor_id = dealers.vendor_id
            and selections.dealer_id = dealers.dealer_id
    left join selection_weights on selections.status = selection_weights.status
    where {{ within_last_days('selections.selected_on', var('trend_window_days')) }}
    group by selections.product_id
),

-- With trend_method `factor` the strength of a product is its factor, in percent.
weighed as (
    select
        coalesce(summed.product_id, factored.product_id) as product_id,
        coalesce(summed.selection_count, 0) as selection_count,
        coalesce(summed.must_carry_count, 0) as must_carry_count,
        coalesce(summed.pass_count, 0) as pass_count,
        coalesce(summed.dealer_weight_sum, 0) as dealer_weight_sum,
        {% if var('trend_method') == 'factor' -%}
            100 * coalesce(factored.factor, 0) as raw_trend
        {%- else -%}
            coalesce(summed.raw_trend, 0) as raw_trend
        {%- endif %}
    from summed
    full join factored on summed.product_id = factored.product_id
)

select * from weighed
