{% set tables = {
    'raw_alignment': ['Dealer', 'Collection', 'Product', 'Selection', 'DisplayRecord', 'DealerSale'],
    'raw_procurement': [
        'Vendor', 'Branch', 'Department', 'CostCenter', 'Item', 'Invoice', 'InvoiceItem', 'PurchaseOrder',
    ],
} %}

with alignment_faults as (
    select * from {{ ref('int_alignment__source_faults') }}
),

procurement_faults as (
    select * from {{ ref('int_procurement__source_faults') }}
),

source_checks as (
    select * from {{ ref('source_checks') }}
),

faults as (
    select * from alignment_faults
    union all
    select * from procurement_faults
),

table_sizes as (
    {% for source_name, table_names in tables.items() %}
        {% for table_name in table_names %}
            select
                '{{ table_name }}' as source_table,
                {{ source_row_count(source(source_name, table_name)) }} as table_row_count
            {{ 'union all' if not loop.last }}
        {% endfor %}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

placed_faults as (
    select
        *,
        row_number() over (
            partition by source_table, column_name, check_id
            order by {{ by_code_points('row_key') }}, {{ by_code_points('found_value') }}
        ) as place
    from faults
),

examples as (
    select
        source_table,
        column_name,
        check_id,
        {{
            json_array(json_object({'key': 'row_key', 'value': 'found_value'}), ['place'])
        }} as examples
    from placed_faults
    where place <= {{ var('quality_examples') }}
    group by source_table, column_name, check_id
),

found as (
    select
        source_table,
        column_name,
        check_id,
        cast(sum(row_count) as bigint) as row_count,
        cast(sum(kept_out_count) as bigint) as kept_out_count,
        min(found_value) as smallest_value,
        {{ text_list("row_key || ' (' || found_value || ')'", ', ', ['-1 * row_count', by_code_points('row_key')]) }}
            as values_in_words
    from faults
    group by source_table, column_name, check_id
),

described as (
    select
        found.*,
        examples.examples,
        table_sizes.table_row_count,
        source_checks.severity,
        source_checks.message,
        found.source_table || '.' || found.column_name as column_in_words,
        found.row_count || case when found.row_count = 1 then ' row' else ' rows' end as rows_in_words,
        case when found.kept_out_count > 0 then ' These rows are left out.' else '' end as remark
    from found
    inner join table_sizes on found.source_table = table_sizes.source_table
    inner join source_checks on found.check_id = source_checks.check_id
    inner join examples
        on
            found.source_table = examples.source_table
            and found.column_name = examples.column_name
            and found.check_id = examples.check_id
),

quality as (
    select
        source_table,
        column_name,
        check_id,
        severity,
        row_count,
        {{ ratio('row_count', 'table_row_count') }} as share,
        kept_out_count,
        examples,
        {{
            replaced(
                'message',
                {
                    '{column}': 'column_in_words',
                    '{table}': 'source_table',
                    '{rows}': 'rows_in_words',
                    '{remark}': 'remark',
                    '{statuses}': 'values_in_words',
                    '{value}': 'smallest_value',
                    '{earliest}': "'" ~ var('earliest_plausible_date') ~ "'",
                    '{days}': "'" ~ var('latest_plausible_days') ~ "'",
                    '{stale}': "'" ~ var('stale_after_days') ~ "'",
                },
            )
        }} as message,
        {{ run_columns() }}
    from described
)

select * from quality
