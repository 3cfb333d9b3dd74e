with staged as (
    select * from {{ ref('stg_procurement__departments') }}
),

departments as (
    select
        department_id,
        department_name,
        {{ run_columns() }}
    from staged
)

select * from departments
