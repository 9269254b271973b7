{% macro marketing_matches(subject, features, key, conditions) %}
{#-
    CTEs that end in `matched`: each action of `conditions` with the key of each row of `features` that meets all its conditions. What is
    not known meets none.
-#}
{%- set names = marketing_features(subject) -%}
asked as (
    select
        {{ conditions }}.action_id,
        {{ features }}.{{ key }},
        {{ conditions }}.conditions_of_action,
        {{ conditions }}.comparison,
        {{ conditions }}.is_word,
        {{ conditions }}.number,
        {{ conditions }}.word,
        case {{ conditions }}.feature
            {%- for name in names.numbers %}
            when '{{ name }}' then cast({{ features }}.{{ name }} as double)
            {%- endfor %}
        end as known_number,
        case {{ conditions }}.feature
            {%- for name in names.words %}
            when '{{ name }}' then lower(trim({{ features }}.{{ name }}))
            {%- endfor %}
        end as known_word
    from {{ features }}
    cross join {{ conditions }}
),

held as (
    select
        action_id,
        {{ key }},
        conditions_of_action
    from asked
    where
        case
            when is_word
                then
                    case comparison
                        when 'is' then known_word = word
                        when 'is_not' then known_word <> word
                    end
            else
                case comparison
                    {%- for comparison, operator in marketing_comparisons().items() %}
                    when '{{ comparison }}' then known_number {{ operator }} number
                    {%- endfor %}
                end
        end
),

matched as (
    select
        action_id,
        {{ key }}
    from held
    group by action_id, {{ key }}, conditions_of_action
    having count(*) = conditions_of_action
)
{%- endmacro %}
