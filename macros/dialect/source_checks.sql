{#-
    What can be wrong with one value of an application's table, as a list of checks in the order in which they count:

    check_id        missing_value, does_not_cast, not_finite, too_large or unknown_value
    fails           a SQL condition on the column `present."name"`, true where the value is wrong
    keeps_row_out   whether staging leaves such a row out: it has no use without the value, or would spoil every total

    column   an entry of source_contract()
    type     the type that the database has, as source_columns() names it

    A value is tested by pattern and range rather than by a trial cast, which PostgreSQL has from version 16 on.
-#}
{% macro source_checks(column, type) %}
    {{- return(adapter.dispatch('source_checks', 'fieldlab')(column, type)) -}}
{% endmacro %}

{% macro default__source_checks(column, type) %}
    {%- set value = 'present."' ~ column.name ~ '"' -%}
    {%- set checks = [] -%}
    {%- set is_id = column.is_key or column.name.endswith('Id') -%}
    {%- if not column.nullable -%}
        {%- do checks.append({
            'check_id': 'missing_value',
            'fails': value ~ ' is null',
            'keeps_row_out': is_id or column.type in ('numeric', 'timestamp'),
        }) -%}
    {%- endif -%}
    {%- set casts = source_value_casts(value, column.type, type) -%}
    {%- if casts -%}
        {%- do checks.append({
            'check_id': 'does_not_cast',
            'fails': value ~ ' is not null and not (' ~ casts ~ ')',
            'keeps_row_out': not column.nullable,
        }) -%}
    {%- endif -%}
    {%- if column.type == 'numeric' and type in ('numeric', 'float4', 'float8') -%}
        {%- do checks.append({
            'check_id': 'not_finite',
            'fails': is_no_number(value, type),
            'keeps_row_out': true,
        }) -%}
    {%- elif column.type == 'timestamp' and type in ('date', 'timestamp', 'timestamptz') -%}
        {%- do checks.append({
            'check_id': 'not_finite', 'fails': is_no_moment(value), 'keeps_row_out': true
        }) -%}
    {%- endif -%}
    {%- if column.type == 'numeric' and type in ('int8', 'numeric', 'float4', 'float8') -%}
        {%- do checks.append({
            'check_id': 'too_large',
            'fails': 'abs(' ~ value ~ ') >= 1000000000000' ~ (' and not ' ~ is_no_number('abs(' ~ value ~ ')', type) if type != 'int8' else ''),
            'keeps_row_out': false,
        }) -%}
    {%- endif -%}
    {%- if column.allowed -%}
        {%- do checks.append({
            'check_id': 'unknown_value',
            'fails': 'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ") not in ('" ~ column.allowed | join("', '") ~ "')",
            'keeps_row_out': false,
        }) -%}
    {%- endif -%}
    {{- return(checks) -}}
{% endmacro %}

{#- Whether a number is none: NaN or infinite. -#}
{% macro is_no_number(value, type) %}
    {{- return(adapter.dispatch('is_no_number', 'fieldlab')(value, type)) -}}
{% endmacro %}

{% macro postgres__is_no_number(value, type) %}
    {{- value ~ " in ('NaN', 'Infinity', '-Infinity')" -}}
{% endmacro %}

{% macro default__is_no_number(value, type) %}
    {{- "cast(" ~ value ~ " as " ~ dbt.type_string() ~ ") in ('NaN', 'nan', 'Infinity', '-Infinity', 'inf', '-inf')" -}}
{% endmacro %}

{#- Whether a text matches a pattern, which says itself where it begins and ends. -#}
{% macro matches(text, pattern) %}
    {{- return(adapter.dispatch('matches', 'fieldlab')(text, pattern)) -}}
{% endmacro %}

{% macro postgres__matches(text, pattern) %}
    {{- text ~ " ~ '" ~ pattern ~ "'" -}}
{% endmacro %}

{% macro duckdb__matches(text, pattern) %}
    {{- "regexp_matches(" ~ text ~ ", '" ~ pattern ~ "')" -}}
{% endmacro %}

{% macro spark__matches(text, pattern) %}
    {{- text ~ " rlike '" ~ pattern ~ "'" -}}
{% endmacro %}

{#- Whether a moment is none: infinitely early or late. -#}
{% macro is_no_moment(value) %}
    {{- return(adapter.dispatch('is_no_moment', 'fieldlab')(value)) -}}
{% endmacro %}

{% macro postgres__is_no_moment(value) %}
    {{- 'not isfinite(' ~ value ~ ')' -}}
{% endmacro %}

{% macro duckdb__is_no_moment(value) %}
    {{- 'not isfinite(' ~ value ~ ')' -}}
{% endmacro %}

{#- Spark has no infinite moments. -#}
{% macro spark__is_no_moment(value) %}
    {{- 'false' -}}
{% endmacro %}

{#- A type of the source contract as the engine names it. -#}
{% macro source_type(type) %}
    {{- return({'text': dbt.type_string(), 'numeric': exact_type()}.get(type, type)) -}}
{% endmacro %}

{#- A condition that is true where a value can be cast to the contract's type; none where every value of its type can. -#}
{% macro source_value_casts(value, wanted, type) %}
    {%- set text = 'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- if wanted == 'integer' -%}
        {%- if type in ('int2', 'int4') -%}{{ return(none) }}{%- endif -%}
        {%- set fits = ' between -2147483647 and 2147483647' -%}
        {%- if type in ('int8', 'numeric', 'float4', 'float8') -%}
            {{- return('case when ' ~ value ~ fits ~ ' then ' ~ value ~ ' = floor(cast(' ~ value ~ ' as ' ~ exact_type() ~ ')) else false end') -}}
        {%- endif -%}
        {{- return("case when " ~ matches(text, '^-?[0-9]{1,10}$') ~ " then cast(" ~ text ~ " as bigint)" ~ fits ~ " else false end") -}}
    {%- elif wanted == 'numeric' -%}
        {%- if type in ('int2', 'int4', 'int8', 'numeric', 'float4', 'float8') -%}{{ return(none) }}{%- endif -%}
        {{- return(matches(text, '^[-+]?([0-9]{1,12}([.][0-9]{0,30})?|[.][0-9]{1,30})$')) -}}
    {%- elif wanted == 'timestamp' -%}
        {%- if type in ('date', 'timestamp', 'timestamptz') -%}{{ return(none) }}{%- endif -%}
        {%- set date = 'left(' ~ text ~ ', 10)' -%}
        {{- return(
            "case when " ~ matches(
                text,
                "^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
                ~ "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$",
            )
            ~ " then cast(substr(" ~ text ~ ", 9, 2) as integer) <= extract(day from "
            ~ dbt.last_day("cast(substr(" ~ text ~ ", 1, 7) || '-01' as date)", "month") ~ ") else false end"
        ) -}}
    {%- elif wanted == 'boolean' and type != 'bool' -%}
        {{- return("lower(" ~ text ~ ") in ('true', 'false', 't', 'f', '1', '0')") -}}
    {%- endif -%}
    {{- return(none) -}}
{% endmacro %}

{#- A source value as staging may cast it: null where it cannot be cast, and a text with a moment as that moment. -#}
{% macro source_value(column, type) %}
    {%- set value = 'present."' ~ column.name ~ '"' -%}
    {%- set casts = source_value_casts(value, column.type, type) -%}
    {%- if not casts -%}{{ return(value) }}{%- endif -%}
    {%- set target = moment_type() if column.type == 'timestamp' else source_type(column.type) -%}
    {%- set usable = value if type in ('int8', 'numeric', 'float4', 'float8') else 'cast(' ~ value ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {{- return('case when ' ~ casts ~ ' then cast(' ~ usable ~ ' as ' ~ target ~ ') end') -}}
{% endmacro %}
