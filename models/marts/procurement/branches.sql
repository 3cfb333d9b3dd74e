with staged as (
    select * from {{ ref('stg_procurement__branches') }}
),

branches as (
    select
        branch_id,
        branch_name,
        {{ run_columns() }}
    from staged
)

select * from branches
