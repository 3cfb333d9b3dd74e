with vendor_standing as (
    select * from {{ ref('vendor_standing') }}
),

keys as (
    select
        scope,
        key_id,
        key_name,
        count(*) filter (where total_amount > 0) as vendor_count,
        sum(total_amount) filter (where total_amount > 0) as whole,
        sum(total_amount * total_amount) filter (where total_amount > 0) as squares,
        count(*) filter (where class = 'C') as tail_vendor_count,
        coalesce(sum(total_amount) filter (where class = 'C'), 0) as tail_amount
    from vendor_standing
    group by scope, key_id, key_name
),

placed_vendors as (
    select
        *,
        row_number() over (partition by scope, key_id order by total_amount desc, vendor_id asc nulls last) as place
    from vendor_standing
    where total_amount > 0
),

top_vendors as (
    select *
    from placed_vendors
    where place = 1
),

-- With shares s = amount / whole: hhi = sum(s^2), and its reciprocal is how many equal vendors would have that hhi.
spend_concentration as (
    select
        keys.scope,
        keys.key_id,
        keys.key_name,
        keys.vendor_count,
        {{ ratio('keys.squares', 'keys.whole * keys.whole') }} as hhi,
        {{ ratio('keys.whole * keys.whole', 'keys.squares') }} as effective_vendor_count,
        top_vendors.vendor_id as top_vendor_id,
        top_vendors.vendor_name as top_vendor_name,
        {{ ratio('top_vendors.total_amount', 'keys.whole') }} as top_share,
        keys.tail_vendor_count,
        case when keys.vendor_count > 0 then {{ ratio('keys.tail_amount', 'keys.whole') }} end as tail_share,
        {{ run_columns() }}
    from keys
    left join top_vendors
        on
            keys.scope = top_vendors.scope
            and {{ same_text('keys.key_id', 'top_vendors.key_id') }}
)

select * from spend_concentration
