select
    encode(
        sha256(
            convert_to(
                concat_ws(
                    '|',
                    to_char(date, 'YYYY-MM-DD'),
                    item_id,
                    coalesce(cast(vendor_id as text), 'null'),
                    coalesce(cast(branch_id as text), 'null'),
                    coalesce(cast(department_id as text), 'null'),
                    coalesce(cast(cost_center_id as text), 'null')
                ),
                'UTF8'
            )
        ),
        'hex'
    ) as dimension_hash,
    date,
    item_id,
    min(item_name) as item_name,
    vendor_id,
    min(vendor_name) as vendor_name,
    branch_id,
    min(branch_name) as branch_name,
    department_id,
    min(department_name) as department_name,
    cost_center_id,
    min(cost_center_name) as cost_center_name,
    sum(amount) as total_amount,
    sum(quantity) as quantity,
    count(*) as line_count,
    count(distinct invoice_id) as invoice_count,
    case
        when sum(quantity) > 0
            then cast(round(sum(amount) * 1.000000000000000000000000 / sum(quantity), 12) as numeric(38, 12))
    end as avg_unit_price
from floor.invoice_lines
group by date, item_id, vendor_id, branch_id, department_id, cost_center_id
