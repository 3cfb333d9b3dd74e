with vendors as (
    select * from {{ ref('stg_procurement__vendors') }}
),

cells as (
    select * from {{ ref('int_procurement__cells_compared') }}
),

legal_forms as (
    select * from {{ ref('legal_forms') }}
),

vendor_totals as (
    select
        vendor_id,
        sum(standing_amount) as total_amount,
        sum(standing_purchase_count) as purchase_count
    from cells
    group by vendor_id
),

spelled_vendors as (
    select
        vendors.vendor_id,
        vendors.vendor_name,
        vendors.tax_id,
        {{ letters_and_digits('vendors.tax_id') }} as written_tax_id,
        split_part(split_part(lower(vendors.vendor_name), ' t/a ', 1), ' dba ', 1) as short_name,
        coalesce(vendor_totals.total_amount, 0) as total_amount,
        cast(coalesce(vendor_totals.purchase_count, 0) as bigint) as purchase_count
    from vendors
    left join vendor_totals on vendors.vendor_id = vendor_totals.vendor_id
),

name_words as (
    select
        spelled_vendors.vendor_id,
        words.word
    from spelled_vendors
    cross join lateral {{ name_words('spelled_vendors.short_name') }} as words
    where
        words.word <> ''
        and not exists (
            select 1
            from legal_forms
            where legal_forms.word = words.word
        )
),

name_keys as (
    select
        vendor_id,
        {{ text_list('word', ' ', [by_code_points('word')]) }} as name_key
    from name_words
    group by vendor_id
    having sum(length(word)) >= {{ var('name_key_length') }}
),

keyed_vendors as (
    select
        spelled_vendors.*,
        {{ identifying_key('spelled_vendors.written_tax_id') }} as tax_key,
        name_keys.name_key
    from spelled_vendors
    left join name_keys on spelled_vendors.vendor_id = name_keys.vendor_id
),

{% for basis, key in {'tax_id': 'tax_key', 'name': 'name_key'}.items() %}
    placed_by_{{ basis }} as (
        select
            *,
            row_number() over (partition by {{ key }} order by total_amount desc, vendor_id asc) as place
        from keyed_vendors
        where {{ key }} is not null
    ),

    -- Every vendor of a group but the largest, with the largest.
    pairs_by_{{ basis }} as (
        select
            members.vendor_id,
            largest.vendor_id as other_vendor_id,
            '{{ basis }}' as basis
        from placed_by_{{ basis }} as members
        inner join placed_by_{{ basis }} as largest
            on
                members.{{ key }} = largest.{{ key }}
                and members.place > 1
                and largest.place = 1
        {% if basis == 'name' %}
            -- Two tax ids are two companies; two that are the same make a pair by tax id.
            where members.tax_key is null or largest.tax_key is null or members.tax_key = largest.tax_key
        {% endif %}
    ),
{% endfor %}

pairs as (
    select * from pairs_by_tax_id
    union all
    select *
    from pairs_by_name
    where
        not exists (
            select 1
            from pairs_by_tax_id
            where
                pairs_by_tax_id.vendor_id in (pairs_by_name.vendor_id, pairs_by_name.other_vendor_id)
                and pairs_by_tax_id.other_vendor_id in (pairs_by_name.vendor_id, pairs_by_name.other_vendor_id)
        )
),

vendor_twins as (
    select
        pairs.vendor_id,
        members.vendor_name,
        pairs.other_vendor_id,
        largest.vendor_name as other_vendor_name,
        pairs.basis,
        members.tax_id,
        largest.tax_id as other_tax_id,
        members.total_amount,
        largest.total_amount as other_total_amount,
        members.purchase_count,
        largest.purchase_count as other_purchase_count,
        {{ run_columns() }}
    from pairs
    inner join keyed_vendors as members on pairs.vendor_id = members.vendor_id
    inner join keyed_vendors as largest on pairs.other_vendor_id = largest.vendor_id
)

select * from vendor_twins
