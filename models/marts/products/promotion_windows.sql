with windows as (
    select * from {{ ref('score_promotion_windows') }}
)

select * from windows
