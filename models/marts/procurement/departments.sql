with staged as (
    select * from {{ ref('stg_procurement__departments') }}
)

select
    department_id,
    department_name,
    {{ run_columns() }}
from staged
