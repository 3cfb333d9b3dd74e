with staged as (
    select * from {{ ref('stg_alignment__dealers') }}
),

dealers as (
    select
        dealer_id,
        dealer_name,
        region,
        dealer_type,
        {{ run_columns() }}
    from staged
)

select * from dealers
