{% macro feedback_measures() -%}
    {%- set shrinkage = var("rating_shrinkage") -%}
    cast(count(*) as bigint) as answers,
    cast(sum(case when is_counted then 1 else 0 end) as bigint) as counted_answers,
    cast(sum(case when is_counted and rating is not null then 1 else 0 end) as bigint) as rated_answers,
    cast(sum(case when is_counted and feedback_text is not null then 1 else 0 end) as bigint) as text_answers,
    cast(sum(case when is_counted and sentiment is not null then 1 else 0 end) as bigint) as read_answers,
    round(
        (
            cast(sum(case when is_counted then cast(rating as decimal(18, 6)) end) as double)
            + {{ shrinkage }} * min(usual_rating)
        ) / (sum(case when is_counted and rating is not null then 1 else 0 end) + {{ shrinkage }}), 6
    ) as mean_rating,
    round(
        cast(sum(case when is_counted then cast(sentiment as decimal(18, 6)) end) as double)
        / nullif(sum(case when is_counted and sentiment is not null then 1 else 0 end), 0), 6
    ) + 0 as mean_sentiment,
    cast(sum(case when is_counted and sentiment < 0 then 1 else 0 end) as bigint) as bad_texts,
    cast(sum(case when is_counted and sentiment > 0 then 1 else 0 end) as bigint) as good_texts,
    cast(sum(case when is_counted and is_contradictory then 1 else 0 end) as bigint) as contradictory_answers,
    case
        when
            sum(case when is_counted and is_in_newer_half then 1 else 0 end) >= greatest({{ shrinkage }}, 2)
            and sum(case when is_counted and not is_in_newer_half then 1 else 0 end) >= greatest({{ shrinkage }}, 2)
            then
                round(
                    cast(sum(case when is_counted and is_in_newer_half then cast(opinion as decimal(18, 6)) end) as double)
                    / nullif(sum(case when is_counted and is_in_newer_half then 1 else 0 end), 0)
                    - cast(sum(case when is_counted and not is_in_newer_half then cast(opinion as decimal(18, 6)) end) as double)
                    / nullif(sum(case when is_counted and not is_in_newer_half then 1 else 0 end), 0), 6
                ) + 0
    end as opinion_trend,
    case
        when
            sum(case when is_counted and is_in_newer_half then 1 else 0 end) >= greatest({{ shrinkage }}, 2)
            and sum(case when is_counted and not is_in_newer_half then 1 else 0 end) >= greatest({{ shrinkage }}, 2)
            then
                round(
                    sqrt(
                        greatest(
                            cast(sum(case when is_counted then cast(opinion * opinion as decimal(18, 6)) end) as double)
                            / nullif(sum(case when is_counted then 1 else 0 end), 0)
                            - power(
                                cast(sum(case when is_counted then cast(opinion as decimal(18, 6)) end) as double)
                                / nullif(sum(case when is_counted then 1 else 0 end), 0), 2
                            ), 0
                        ) * (
                            cast(1 as double) / nullif(sum(case when is_counted and is_in_newer_half then 1 else 0 end), 0)
                            + cast(1 as double) / nullif(sum(case when is_counted and not is_in_newer_half then 1 else 0 end), 0)
                        )
                    ), 6
                )
    end as opinion_trend_error,
    greatest(
        -1.0, least(
            1.0,
            coalesce(
                round(
                    cast(sum(case when is_counted then cast(opinion - usual_opinion as decimal(18, 6)) end) as double)
                    / nullif(sum(case when is_counted then 1 else 0 end) + {{ shrinkage }}, 0), 6
                ), 0
            )
        )
    ) + 0 as signal,
    round(
        coalesce(
            min(usual_spread) * sqrt(sum(case when is_counted then 1 else 0 end))
            / nullif(sum(case when is_counted then 1 else 0 end) + {{ shrinkage }}, 0), 0
        ), 6
    ) as signal_error,
    max(answered_on) as newest_answer_on
{%- endmacro %}
