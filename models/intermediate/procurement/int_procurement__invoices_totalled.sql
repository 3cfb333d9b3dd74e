with invoice_lines as (
    select * from {{ ref('invoice_lines') }}
),

invoices as (
    select * from {{ ref('stg_procurement__invoices') }}
),

totals as (
    select
        invoice_id,
        min(date) as date,
        min(branch_id) as branch_id,
        -- Where the invoice names its vendor, all its lines have it.
        case when count(vendor_id) = count(*) and min(vendor_id) = max(vendor_id) then min(vendor_id) end as vendor_id,
        sum(amount) as total_amount,
        coalesce(sum(amount) filter (where quantity > 0 and unit_price > 0), 0) as purchase_amount
    from invoice_lines
    group by invoice_id
),

keyed as (
    select
        totals.*,
        invoices.purchase_order_id,
        invoices.invoice_number,
        ltrim({{ letters_and_digits('invoices.invoice_number') }}, '0') as written_key
    from totals
    inner join invoices on totals.invoice_id = invoices.invoice_id
),

invoices_totalled as (
    select
        invoice_id,
        date,
        branch_id,
        vendor_id,
        total_amount,
        purchase_amount,
        purchase_order_id,
        invoice_number,
        {{ identifying_key('written_key') }} as number_key
    from keyed
)

select * from invoices_totalled
