{#- The quotient of two exact numbers, rounded half away from zero to `scale` decimals in one step.
    A database that first cuts a quotient that does not end (2/3) and then rounds it can round a half the wrong way;
    whole division cannot. The denominator is positive. -#}
{% macro rounded_quotient(numerator, denominator, scale=0) %}
    {{- return(adapter.dispatch('rounded_quotient', 'fieldlab')(numerator, denominator, scale)) -}}
{% endmacro %}

{% macro postgres__rounded_quotient(numerator, denominator, scale) %}
    {%- set doubled = "2e" ~ scale ~ " * (" ~ numerator ~ ")" -%}
    div({{ doubled }} + sign(cast({{ numerator }} as numeric)) * ({{ denominator }}), 2 * ({{ denominator }}))
    {%- if scale %} * 1e-{{ scale }}{% endif %}
{%- endmacro %}

{#- Long division in whole numbers of 128 bits, six digits at a time: decimal division would give a double. Zeros that both
    numbers end in are taken off first, so that larger ones fit; a number that does not is an error of the engine. -#}
{% macro duckdb__rounded_quotient(numerator, denominator, scale) %}
    {%- set scale = [scale, 24] | min -%}
    {%- set numbers = [duckdb__unscaled('abs(' ~ numerator ~ ')'), duckdb__unscaled(denominator)] -%}
    {%- set zeros = '(case when ' ~ numbers[0] ~ ' % 100000000 = 0 and ' ~ numbers[1] ~ ' % 100000000 = 0 then 100000000 else 1 end)' -%}
    {%- set whole = '(' ~ numbers[0] ~ ' // ' ~ zeros ~ ')' -%}
    {%- set divisor = '(' ~ numbers[1] ~ ' // ' ~ zeros ~ ')' -%}
    {%- set state = namespace(digits='(' ~ whole ~ ' // ' ~ divisor ~ ')', rest='(' ~ whole ~ ' % ' ~ divisor ~ ')') -%}
    {%- for step in range(scale // 6) -%}
        {%- set state.digits = '(' ~ state.digits ~ ' * 1000000 + (' ~ state.rest ~ ' * 1000000) // ' ~ divisor ~ ')' -%}
        {%- set state.rest = '((' ~ state.rest ~ ' * 1000000) % ' ~ divisor ~ ')' -%}
    {%- endfor -%}
    cast(cast(sign({{ numerator }}) as hugeint) * ({{ state.digits }} + case when 2 * {{ state.rest }} >= {{ divisor }} then 1 else 0 end)
        as decimal(38, 0)) {%- if scale %} * cast('0.{{ '0' * (scale - 1) }}1' as decimal({{ scale }}, {{ scale }})){% endif %}
{%- endmacro %}

{#- A number of at most 16 decimals as a whole number of 128 bits, in units of the sixteenth decimal. -#}
{% macro duckdb__unscaled(value) %}
    {%- set exact = 'cast(' ~ value ~ ' as decimal(38, 16))' -%}
    {{- "(cast(trunc(" ~ exact ~ ") as hugeint) * 10000000000000000 + cast((" ~ exact ~ " - trunc(" ~ exact
        ~ ")) * cast(10000000000000000 as decimal(17, 0)) as hugeint))" -}}
{% endmacro %}

{#- The same in Spark's decimals, of numbers that are not negative. -#}
{% macro spark__unscaled(value) %}
    {%- set exact = 'cast(' ~ value ~ ' as decimal(38, 16))' -%}
    {{- "(cast(floor(" ~ exact ~ ") as decimal(22, 0)) * cast(10000000000000000 as decimal(17, 0)) + cast(cast(" ~ exact ~ " - floor("
        ~ exact ~ ") as decimal(17, 16)) * cast(10000000000000000 as decimal(17, 0)) as decimal(17, 0)))" -}}
{% endmacro %}

{#- Long division as on DuckDB, in decimals without a fraction: `div` gives 64 bits, which each step fits. -#}
{% macro spark__rounded_quotient(numerator, denominator, scale) %}
    {%- set scale = [scale, 24] | min -%}
    {%- set whole = spark__unscaled('abs(' ~ numerator ~ ')') -%}
    {%- set divisor = spark__unscaled(denominator) -%}
    {%- set state = namespace(
        digits='cast(' ~ whole ~ ' div ' ~ divisor ~ ' as decimal(38, 0))', rest='(' ~ whole ~ ' % ' ~ divisor ~ ')'
    ) -%}
    {%- for step in range(scale // 6) -%}
        {%- set state.digits = '(' ~ state.digits ~ ' * 1000000 + cast((' ~ state.rest ~ ' * 1000000) div ' ~ divisor
            ~ ' as decimal(38, 0)))' -%}
        {%- set state.rest = '((' ~ state.rest ~ ' * 1000000) % ' ~ divisor ~ ')' -%}
    {%- endfor -%}
    cast(case when {{ numerator }} < 0 then -1 else 1 end
        * ({{ state.digits }} + case when 2 * {{ state.rest }} >= {{ divisor }} then 1 else 0 end) as decimal(38, 0))
    {%- if scale %} * cast('0.{{ '0' * (scale - 1) }}1' as decimal({{ scale }}, {{ scale }})){% endif %}
{%- endmacro %}
