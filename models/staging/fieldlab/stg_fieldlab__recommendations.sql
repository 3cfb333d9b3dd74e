with source as (
    {{ source_rows('fieldlab_ops', 'recommendations') }}
)

select
    cast(id as bigint) as recommendation_id,
    cast(rule_id as {{ dbt.type_string() }}) as rule_id,
    cast(type as {{ dbt.type_string() }}) as type,
    cast(category as {{ dbt.type_string() }}) as category,
    cast(title as {{ dbt.type_string() }}) as title,
    cast(estimated_savings as {{ exact_type() }}) as estimated_savings,
    cast(savings_basis as {{ dbt.type_string() }}) as savings_basis,
    cast(confidence_score as {{ exact_type() }}) as confidence_score,
    cast(priority as integer) as priority,
    cast(item_id as integer) as item_id,
    cast(vendor_id as integer) as vendor_id,
    cast(branch_id as integer) as branch_id,
    cast(invoice_id as integer) as invoice_id,
    cast(named_price as {{ exact_type() }}) as named_price,
    cast(target_price as {{ exact_type() }}) as target_price,
    cast(expected_savings as {{ exact_type() }}) as expected_savings,
    cast(decision_key as {{ dbt.type_string() }}) as decision_key,
    cast(claim as {{ dbt.type_string() }}) as claim,
    {{ utc_timestamp('expires_at') }} as expires_at,
    cast(as_of as date) as found_as_of,
    cast(decided_as_of as date) as decided_as_of,
    cast(raised_as_of as date) as raised_as_of
from source
