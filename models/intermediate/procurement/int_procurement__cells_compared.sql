{% set is_purchase = 'quantity > 0 and unit_price > 0' %}

with invoice_lines as (
    select * from {{ ref('invoice_lines') }}
),

-- One pass over all lines: each sum filters its own dates, the date first because it is the cheapest to compare.
cells_compared as (
    select
        item_id,
        vendor_id,
        branch_id,
        {% for period, (starts_on, ends_on, before_starts_on, before_ends_on) in spending_periods().items() %}
            {% for half, first_date, last_date in [
                ('before', before_starts_on, before_ends_on),
                ('now', starts_on, ends_on),
            ] %}
                {% set in_half = 'date between ' ~ first_date ~ ' and ' ~ last_date %}
                sum(quantity) filter (where {{ in_half }} and {{ is_purchase }}) as {{ period }}_quantity_{{ half }},
                sum(amount) filter (where {{ in_half }} and {{ is_purchase }})
                    as {{ period }}_purchase_amount_{{ half }},
                sum(amount) filter (where {{ in_half }}) as {{ period }}_amount_{{ half }},
            {% endfor %}
        {% endfor %}
        sum(amount) filter (where {{ within_last_days('date', var('standing_days')) }}) as standing_amount,
        count(*) filter (where {{ within_last_days('date', var('standing_days')) }} and {{ is_purchase }})
            as standing_purchase_count,
        min(date) filter (where {{ is_purchase }}) as first_purchase_date
    from invoice_lines
    group by item_id, vendor_id, branch_id
)

select * from cells_compared
