{#- Whether a var says that centrality takes the place of the usual measure: it has the value `instead`. That needs
    enable_centrality, without which there would be nothing to take. -#}
{% macro takes_place(name, instead) %}
    {%- if var(name) != instead -%}{{ return(false) }}{%- endif -%}
    {%- if not var('enable_centrality') -%}
        {{ exceptions.raise_compiler_error(
            "The var " ~ name ~ " is '" ~ instead ~ "', which needs enable_centrality: true."
        ) }}
    {%- endif -%}
    {{ return(true) }}
{% endmacro %}
