with pushes as (
    select * from {{ ref('marketing_pushes') }}
),

opt_outs as (
    select * from {{ ref('stg_raw__opt_outs') }}
),

channels as (
    select * from {{ ref('marketing_channels') }}
)

select
    pushes.push_id,
    opt_outs.channel
from pushes
inner join opt_outs
    on pushes.customer_id = opt_outs.customer_id
left join channels
    on lower(trim(opt_outs.channel)) = channels.channel
where
    channels.channel is null
    or channels.channel = pushes.channel
