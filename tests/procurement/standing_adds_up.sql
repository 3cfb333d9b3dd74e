-- The vendors of all branches, and of all categories, add up to those of the network, and so do the items; shares of a
-- key add up to 1; and concentration lies within its bounds: 1/n <= hhi <= 1 and hhi >= top share squared.
with vendor_standing as (
    select * from {{ ref('vendor_standing') }}
),

spend_concentration as (
    select * from {{ ref('spend_concentration') }}
),

item_standing as (
    select * from {{ ref('item_standing') }}
),

scopes as (
    select
        scope,
        sum(total_amount) as total_amount
    from vendor_standing
    group by scope
    union all
    select
        'item' as scope,
        sum(total_amount) as total_amount
    from item_standing
    having count(*) > 0
),

keys as (
    select
        scope,
        key_id,
        sum(spend_share) as share_sum
    from vendor_standing
    group by scope, key_id
)

select
    scopes.scope,
    cast(null as {{ dbt.type_string() }}) as key_id
from scopes
inner join scopes as network on network.scope = 'network' and scopes.total_amount <> network.total_amount
union all
select
    scope,
    key_id
from keys
where abs(share_sum - 1) > 1e-9
union all
select
    scope,
    key_id
from spend_concentration
where
    hhi > 1 + 1e-9
    or hhi * vendor_count < 1 - 1e-9
    or hhi < top_share * top_share - 1e-9
    or effective_vendor_count < 1 - 1e-9
    or effective_vendor_count > vendor_count + 1e-9
    or (vendor_count = 0) <> (hhi is null)
