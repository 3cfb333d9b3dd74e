select
    "InvoiceItem".id as line_id,
    "InvoiceItem"."invoiceId" as invoice_id,
    cast("Invoice".date as date) as date,
    "InvoiceItem"."itemId" as item_id,
    "Item".name as item_name,
    "Item"."vendorId" as vendor_id,
    case when "Item"."vendorId" is null then 'Unassigned' else "Vendor".name end as vendor_name,
    "Invoice"."branchId" as branch_id,
    case when "Invoice"."branchId" is null then 'Unassigned' else "Branch".name end as branch_name,
    "Invoice"."departmentId" as department_id,
    case when "Invoice"."departmentId" is null then 'Unassigned' else "Department".name end as department_name,
    "Invoice"."costCenterId" as cost_center_id,
    case when "Invoice"."costCenterId" is null then 'Unassigned' else "CostCenter".name end as cost_center_name,
    "InvoiceItem".quantity,
    "InvoiceItem".price as unit_price,
    "InvoiceItem".quantity * "InvoiceItem".price as amount
from "InvoiceItem"
inner join "Invoice" on "InvoiceItem"."invoiceId" = "Invoice".id
left join "Item" on "InvoiceItem"."itemId" = "Item".id
left join "Vendor" on "Item"."vendorId" = "Vendor".id
left join "Branch" on "Invoice"."branchId" = "Branch".id
left join "Department" on "Invoice"."departmentId" = "Department".id
left join "CostCenter" on "Invoice"."costCenterId" = "CostCenter".id
where
    "Invoice".status = 'APPROVED'
    and "Invoice"."deletedAt" is null
    and cast("Invoice".date as date) <= %(as_of)s
