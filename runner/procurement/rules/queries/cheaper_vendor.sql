-- One row per item × branch × other vendor of the item: what the branch paid its main vendor, and what the other
-- vendor charged the network, over the purchases of the window. Sums, so that prices are compared exactly.
with purchases as (
    select item_id, item_name, vendor_id, vendor_name, branch_id, branch_name, date, quantity, amount
    from {procurement}.invoice_lines
    where
        date between %(first_date)s and %(as_of)s
        and quantity > 0
        and unit_price > 0
        and vendor_id is not null
        and item_id <> all(%(no_unit_prices)s)
),

shared_items as (
    select item_id
    from purchases
    group by item_id
    having min(vendor_id) < max(vendor_id)
),

shared_purchases as (
    select
        purchases.*,
        max(purchases.date) over (partition by purchases.item_id, purchases.vendor_id) as newest_date
    from purchases
    inner join shared_items on purchases.item_id = shared_items.item_id
),

offers as (
    select
        item_id,
        vendor_id,
        min(vendor_name) as vendor_name,
        count(*) as line_count,
        sum(amount) as amount,
        sum(quantity) as quantity,
        newest_date,
        sum(amount) filter (where date = newest_date) as newest_amount,
        sum(quantity) filter (where date = newest_date) as newest_quantity
    from shared_purchases
    group by item_id, vendor_id, newest_date
),

branch_vendors as (
    select
        item_id,
        min(item_name) as item_name,
        branch_id,
        min(branch_name) as branch_name,
        vendor_id,
        count(*) as line_count,
        sum(amount) as amount,
        sum(quantity) as quantity,
        row_number() over (partition by item_id, branch_id order by sum(amount) desc, vendor_id) as place
    from shared_purchases
    where branch_id is not null
    group by item_id, branch_id, vendor_id
)

select
    branch_vendors.item_id,
    branch_vendors.item_name,
    items.unit,
    branch_vendors.branch_id,
    branch_vendors.branch_name,
    branch_vendors.vendor_id as main_vendor_id,
    main.vendor_name as main_vendor_name,
    branch_vendors.line_count as main_line_count,
    branch_vendors.amount as main_amount,
    branch_vendors.quantity as main_quantity,
    main.newest_date as main_newest_date,
    main.newest_amount as main_newest_amount,
    main.newest_quantity as main_newest_quantity,
    other.vendor_id as other_vendor_id,
    other.vendor_name as other_vendor_name,
    other.line_count as other_line_count,
    other.amount as other_amount,
    other.quantity as other_quantity,
    other.newest_date as other_newest_date,
    other.newest_amount as other_newest_amount,
    other.newest_quantity as other_newest_quantity
from branch_vendors
inner join offers as main
    on branch_vendors.item_id = main.item_id and branch_vendors.vendor_id = main.vendor_id
inner join offers as other
    on branch_vendors.item_id = other.item_id and branch_vendors.vendor_id <> other.vendor_id
left join {procurement}.items on branch_vendors.item_id = items.item_id
where branch_vendors.place = 1
order by branch_vendors.item_id, branch_vendors.branch_id, other.vendor_id
