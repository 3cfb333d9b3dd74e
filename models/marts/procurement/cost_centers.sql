with staged as (
    select * from {{ ref('stg_procurement__cost_centers') }}
),

cost_centers as (
    select
        cost_center_id,
        cost_center_name,
        {{ run_columns() }}
    from staged
)

select * from cost_centers
