with invoice_lines as (
    select * from {{ ref('invoice_lines') }}
)

-- Credit notes and free goods say nothing about prices or about how an item is ordered.
select *
from invoice_lines
where
    quantity > 0
    and unit_price > 0
    and {{ within_last_days('date') }}
