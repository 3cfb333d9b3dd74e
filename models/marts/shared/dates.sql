with days as (
    {{
        dbt.date_spine(
            'day',
            "cast('" ~ var('dates_from') ~ "' as date)",
            "cast(concat(extract(year from " ~ as_of() ~ ") + 2, '-01-01') as date)",
        )
    }}
),

dated as (
    select
        cast(date_day as date) as date_day,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start,
        cast({{ dbt.date_trunc('quarter', 'date_day') }} as date) as quarter_start,
        cast(extract(year from date_day) as integer) as year,
        cast(extract(month from date_day) as integer) as month_of_year,
        cast({{ dbt.last_day('date_day', 'month') }} as date) as month_end
    from days
),

numbered as (
    select
        date_day,
        week_start,
        month_start,
        quarter_start,
        year,
        month_end,
        date_day = month_end as is_month_end,
        -- The calendar year in which it ends.
        case
            when {{ var('fiscal_year_start_month') }} > 1 and month_of_year >= {{ var('fiscal_year_start_month') }}
                then year + 1
            else year
        end as fiscal_year,
        {{ run_columns() }}
    from dated
)

select * from numbered
