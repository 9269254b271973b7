with fits as (
    {%- for fit in fit_models() %}
    select
        model_name,
        model_version,
        fingerprint,
        fitted_at,
        as_of_date,
        refit_reason,
        training_rows,
        parameters,
        verdict,
        weights is not null as has_weights
    from {{ ref(fit) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (
    select
        *,
        row_number() over (partition by model_name order by model_version desc) = 1 as is_newest
    from fits
)

select * from final
