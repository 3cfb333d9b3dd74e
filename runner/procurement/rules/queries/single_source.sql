-- One row per item bought in the window, largest amount first. An unassigned vendor counts as one more vendor.
select
    item_id,
    min(item_name) as item_name,
    sum(amount) as amount,
    count(*) as line_count,
    count(distinct branch_id) as branch_count,
    count(distinct vendor_id) + max(case when vendor_id is null then 1 else 0 end) as vendor_count,
    min(vendor_id) as vendor_id,
    min(vendor_name) as vendor_name
from {procurement}.invoice_lines
where
    date between %(first_date)s and %(as_of)s
    and quantity > 0
    and unit_price > 0
group by item_id
order by sum(amount) desc, item_id
