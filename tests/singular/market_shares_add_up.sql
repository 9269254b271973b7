-- Shares of all revenue are parts of a whole, and what one category gains the others lose. Without revenue there is no share.
with added as (
    select
        count(*) as categories,
        sum(revenue_share) as all_shares,
        sum(share_change) as all_changes
    from {{ ref('market_trends') }}
)

select *
from added
where
    categories > 0
    and (abs(coalesce(all_shares, 1) - 1) > 0.000001 or abs(coalesce(all_changes, 0)) > 0.000001)
