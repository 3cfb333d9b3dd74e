with staged as (
    select * from {{ ref('stg_alignment__collections') }}
),

collections as (
    select
        collection_id,
        collection_name,
        vendor_id,
        priority,
        {{ run_columns() }}
    from staged
)

select * from collections
