with scores as (
    select * from {{ ref('score_customer_segments') }}
),

clock as (
    select * from {{ ref('base_raw__clock') }}
),

final as (
    select
        scores.customer_id,
        clock.as_of_date,
        scores.segment_number,
        scores.segment_name,
        scores.segment_kind,
        scores.previous_segment_number,
        scores.previous_segment_name,
        coalesce(scores.segment_number <> scores.previous_segment_number, false) as has_moved,
        scores.is_outlier,
        scores.outlier_score,
        scores.segment_margin,
        scores.model_version
    from scores
    cross join clock
)

select * from final
