{% set bases = ['month', 'year'] %}
{% set sums = ['pairs', 'amount_now', 'amount_before', 'before_at_prices_now', 'now_at_prices_before'] %}
{% set no_number = 'cast(null as integer)' %}
{% set no_category = 'cast(null as ' ~ dbt.type_string() ~ ')' %}
{% set scopes = {
    'network': {'buyer': 'network', 'number': no_number, 'category': no_category},
    'category': {'buyer': 'network', 'number': no_number, 'category': 'category'},
    'vendor': {'buyer': 'network', 'number': 'vendor_id', 'category': no_category},
    'branch': {'buyer': 'branch', 'number': 'branch_id', 'category': no_category},
} %}

with compared_months as (
    select * from {{ ref('int_procurement__paired_months_summed') }}
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

scoped_months as (
    {% for scope, key in scopes.items() %}
        select
            '{{ scope }}' as scope,
            {{ key.number }} as key_number,
            {{ key.category }} as category,
            month,
            amount,
            {% for base in bases %}
                {% for sum in sums %}
                    {{ base }}_{{ sum }},
                {% endfor %}
            {% endfor %}
            true as is_bought
        from compared_months
        where
            buyer = '{{ key.buyer }}'
            {% if scope == 'category' %}
                and exists (
                    select 1
                    from items
                    where items.category is not null
                )
            {% endif %}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

first_months as (
    select
        scope,
        key_number,
        category,
        min(month) as first_month
    from scoped_months
    group by scope, key_number, category
),

-- The months from a key's first purchase on, without gaps, each once with nothing bought: grouped with what was bought,
-- null keys meet without a join on them.
filled_months as (
    select *
    from scoped_months
    where month > {{ last_full_month() }} - {{ var('price_index_months') }}
    union all
    select
        first_months.scope,
        first_months.key_number,
        first_months.category,
        months.month,
        0 as amount,
        {% for base in bases %}
            0 as {{ base }}_pairs,
            {% for sum in sums[1:] %}
                cast(null as numeric(38, 12)) as {{ base }}_{{ sum }},
            {% endfor %}
        {% endfor %}
        false as is_bought
    from first_months
    inner join
        {{ whole_numbers(last_full_month() ~ ' - ' ~ var('price_index_months') ~ ' + 1', last_full_month()) }}
            as months (month)
        on first_months.first_month <= months.month
),

key_months as (
    select
        {% for base in bases %}
            {% for sum in sums %}
                sum({{ base }}_{{ sum }}) as {{ base }}_{{ sum }},
            {% endfor %}
        {% endfor %}
        scope,
        key_number,
        category,
        month,
        sum(amount) as amount
    from filled_months
    group by scope, key_number, category, month
),

-- Laspeyres = Σ p1 q0 / Σ p0 q0
-- Paasche = Σ p1 q1 / Σ p0 q1
-- Fisher² = Laspeyres * Paasche, in one division
squared as (
    select
        {% for base in bases %}
            case
                when {{ base }}_pairs >= {{ var('price_index_min_pairs') }}
                    then {{
                        rounded_quotient(
                            base ~ '_before_at_prices_now * ' ~ base ~ '_amount_now',
                            base ~ '_amount_before * ' ~ base ~ '_now_at_prices_before',
                            30,
                        )
                    }}
            end as {{ base }}_fisher_squared,
        {% endfor %}
        *
    from key_months
),

-- chained index = 100 * product of the monthly Fisher indices after the first month = 100 * √(product of Fisher²)
-- A month without an index changes nothing.
chained as (
    select
        *,
        {{ root_of_running_product('month_fisher_squared', 'scope, key_number, category', 'month') }} as chained_factor
    from squared
),

price_indices as (
    select
        chained.scope,
        case chained.scope
            when 'category' then chained.category
            else cast(chained.key_number as {{ dbt.type_string() }})
        end as key_id,
        case chained.scope
            when 'network' then 'All'
            when 'category' then {{ dimension_name('chained.category', 'chained.category') }}
            when 'vendor' then {{ dimension_name('chained.key_number', 'vendors.vendor_name') }}
            when 'branch' then {{ dimension_name('chained.key_number', 'branches.branch_name') }}
        end as key_name,
        {{ month_date('chained.month') }} as month,
        chained.amount as purchase_amount,
        case
            when chained.year_pairs >= {{ var('price_index_min_pairs') }}
                then {{ ratio('chained.year_before_at_prices_now', 'chained.year_amount_before') }}
        end as year_laspeyres,
        case
            when chained.year_pairs >= {{ var('price_index_min_pairs') }}
                then {{ ratio('chained.year_amount_now', 'chained.year_now_at_prices_before') }}
        end as year_paasche,
        cast({{ square_root('chained.year_fisher_squared') }} as numeric(38, 12)) as year_fisher,
        cast(chained.year_pairs as bigint) as year_pairs,
        case
            when chained.amount > 0 then {{ ratio('coalesce(chained.year_amount_now, 0)', 'chained.amount') }}
        end as year_coverage,
        case
            when chained.amount > 0
                then coalesce(chained.year_amount_now, 0) < {{ var('price_index_thin_coverage') }} * chained.amount
        end as is_thin,
        cast({{ square_root('chained.month_fisher_squared') }} as numeric(38, 12)) as month_fisher,
        cast(chained.month_pairs as bigint) as month_pairs,
        cast(100 * chained.chained_factor as numeric(38, 12)) as chained_index,
        {{ run_columns() }}
    from chained
    left join vendors on chained.scope = 'vendor' and chained.key_number = vendors.vendor_id
    left join branches on chained.scope = 'branch' and chained.key_number = branches.branch_id
)

select * from price_indices
