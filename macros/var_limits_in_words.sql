{#- What a var must be, as the end of a sentence. -#}
{% macro var_limits_in_words(limits) %}
    {%- set nouns = {
        'boolean': 'true or false',
        'integer': 'a whole number',
        'number': 'a number',
        'date': 'a date',
        'text': 'a text',
        'texts': 'a list of texts',
        'zone': 'a time zone such as America/Chicago',
    } -%}
    {{- limits['allowed'] | join(' or ') if 'allowed' in limits else nouns[limits['type']] -}}
    {{- ' from ' ~ limits['min'] ~ ' to ' ~ limits['max'] if limits['type'] in ('integer', 'number', 'date') -}}
    {{- ', ' ~ limits['min'] ~ ' to ' ~ limits['max'] ~ ' of them' if limits['type'] == 'texts' -}}
    {{- ' such as ' ~ limits['example'] if 'example' in limits -}}
    {{- ', or null' if limits.get('nullable') -}}
{% endmacro %}
