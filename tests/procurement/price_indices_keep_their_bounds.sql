-- Fisher's index lies between Laspeyres' and Paasche's, pairs cover at most the whole month, and a chain begins with
-- 100. What is published has 12 decimals, so that a bound may be missed by less than 1e-9.
with price_indices as (
    select * from {{ ref('price_indices') }}
),

placed as (
    select
        *,
        row_number() over (partition by scope, key_id order by month) as place
    from price_indices
)

select
    scope,
    key_id,
    month
from placed
where
    year_fisher < least(year_laspeyres, year_paasche) - 1e-9
    or year_fisher > greatest(year_laspeyres, year_paasche) + 1e-9
    or (year_laspeyres is null) <> (year_fisher is null)
    or (year_paasche is null) <> (year_fisher is null)
    or year_coverage < 0
    or year_coverage > 1
    or (place = 1 and chained_index <> 100)
