with fits as (
    {%- for fit in fit_models() %}
    select
        model_name,
        model_version,
        as_of_date,
        metrics
    from {{ ref(fit) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

final as (
    select
        model_name,
        model_version,
        as_of_date,
        metrics,
        cast(
            case
                when model_name = 'sales_forecaster' then {{ (var("refit_every_weeks") | int) * 7 }}
                else {{ var("refit_after_days") }}
            end as bigint
        ) as refit_after_days,
        row_number() over (partition by model_name order by model_version desc) = 1 as is_newest
    from fits
)

select * from final
