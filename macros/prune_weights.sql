{% macro prune_weights() %}
    update {{ this }}
    set weights = null
    where
        weights is not null
        and model_version not in (
            select model_version
            from {{ this }}
            order by model_version desc
            limit {{ var("keep_weights") }}
        )
{% endmacro %}
