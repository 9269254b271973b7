{% macro marketing_conditions_asked(subject, conditions, actions) -%}
{#- The conditions of one subject, each read as a number or a word. -#}
select
    {{ conditions }}.action_id,
    {{ conditions }}.feature,
    {{ conditions }}.comparison,
    {{ conditions }}.feature in ('{{ marketing_features(subject).words | join("', '") }}') as is_word,
    try_cast({{ conditions }}.value as double) as number,
    lower(trim({{ conditions }}.value)) as word,
    count(*) over (partition by {{ conditions }}.action_id) as conditions_of_action
from {{ conditions }}
inner join {{ actions }}
    on {{ conditions }}.action_id = {{ actions }}.action_id
where {{ conditions }}.subject = '{{ subject }}'
{%- endmacro %}
