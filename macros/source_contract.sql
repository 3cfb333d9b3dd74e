{#- The columns of a source table as models/staging/<domain>/_<domain>__sources.yml declares them: name, type, nullable,
    optional, references, allowed; and whether a column is (part of) the table's key. Known while executing only. -#}
{% macro source_contract(source_name, table_name) %}
    {%- set declared = graph.sources['source.fieldlab.' ~ source_name ~ '.' ~ table_name] -%}
    {%- set columns = [] -%}
    {%- for column in declared.columns.values() -%}
        {%- set meta = column.config.meta -%}
        {%- do columns.append({
            'name': column.name,
            'type': column.data_type or 'text',
            'optional': meta.get('optional', false),
            'nullable': meta.get('nullable', meta.get('optional', false)),
            'references': meta.get('references'),
            'allowed': meta.get('allowed', []),
            'is_key': column.name in declared.config.meta.get('key', []),
        }) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}
