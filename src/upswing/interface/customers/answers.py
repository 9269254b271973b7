"""What the page of the customers asks of the marts."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts


def customers_in_figures(marts: Marts) -> pa.Table:
    """One row: the day of the data, how many customers there are, how many are active, and what is at risk."""
    return marts.table(
        """
        select
            (select max(as_of_date) from customers) as as_of_date,
            (select count(*) from customers where not is_anonymous) as customers,
            (select count(*) from customer_scores where is_active) as active_customers,
            (select count(*) from customer_scores where is_churn_risk) as customers_at_risk,
            (select sum(revenue_at_risk) from customer_scores where is_churn_risk) as revenue_at_risk,
            (select sum(expected_spend) from customer_scores) as expected_spend,
            (select count(*) from customer_segments where has_moved) as moved_customers
        """
    )


def segments(marts: Marts, *, rows: int = 2500) -> pa.Table:
    """Customers with their segment, their orders and their baskets: all of them, or a fair sample of at most ``rows``.

    Who bought nothing in the last active weeks has neither and is left out. A pseudonym is a keyed hash, so that the
    first by pseudonym are a sample by chance, and the same ones each time.
    """
    return marts.table(
        """
        with buyers as (
            select
                customer_id,
                segment_number,
                segment_name,
                orders_active,
                revenue_active / orders_active as basket_active,
                revenue_active,
                recency_days,
            from customer_segments
            inner join customers using (customer_id)
            where orders_active > 0 and revenue_active > 0
            order by customer_id
            limit $rows
        )

        select *
        from buyers
        order by segment_number, customer_id
        """,
        rows=rows,
    )


def segment_profiles(marts: Marts) -> pa.Table:
    """The segments, how large each is, what it brings, who came and went, and its portrait in a sentence."""
    return marts.table(
        """
        select
            segment_number,
            segment_name,
            customers,
            share_of_customers as customer_share,
            share_of_revenue as revenue_share,
            joined_customers,
            new_customers,
            left_customers,
            outliers,
            portrait,
        from segment_profiles
        order by segment_number
        """
    )


def churn_distribution(marts: Marts) -> pa.Table:
    """Active customers by twentieths of their churn probability, at risk or not, with their revenue at risk.

    ``probability_from`` is where the twentieth begins; the last one holds a probability of 1, too.
    """
    return marts.table(
        """
        select
            least(floor(churn_probability * 20), 19) / 20 as probability_from,
            is_churn_risk,
            count(*) as customers,
            sum(revenue_at_risk) as revenue_at_risk,
        from customer_scores
        where is_active
        group by probability_from, is_churn_risk
        order by probability_from, is_churn_risk
        """
    )


def segment_names(marts: Marts) -> pa.Table:
    """The names of the segments, by number."""
    return marts.table("select segment_name from segment_profiles group by segment_name order by min(segment_number)")


def at_risk(marts: Marts, *, rows: int, segment_name: str | None = None) -> pa.Table:
    """The customers at risk of leaving, those with the most revenue at risk first; of one segment or of all."""
    return marts.table(
        """
        select
            customer_id,
            segment_name,
            churn_probability,
            revenue_at_risk,
            recency_days,
            revenue_active,
            churn_reasons,
            churn_reason_codes,
        from customer_scores
        left join customer_segments using (customer_id)
        where is_churn_risk and ($segment_name is null or segment_name = $segment_name)
        order by revenue_at_risk desc nulls last, customer_id
        limit $rows
        """,
        rows=rows,
        segment_name=segment_name,
    )


def category_intents(marts: Marts, *, rows: int) -> pa.Table:
    """Categories by the customers who are expected to buy of them soon, among those who buy of them most."""
    return marts.table(
        """
        select
            category,
            count(*) as regular_customers,
            sum(category_purchase_probability) as expected_buyers,
            avg(category_purchase_probability) as mean_probability,
            count(*) filter (where lateness > 1) as late_customers,
        from category_intents
        group by category
        order by expected_buyers desc, category
        limit $rows
        """,
        rows=rows,
    )


def likely_buyers(marts: Marts, *, rows: int, category: str | None = None) -> pa.Table:
    """Customers who most probably buy soon: of a category, or anything."""
    if category is None:
        return marts.table(
            """
            select
                customer_id,
                purchase_probability,
                expected_spend,
                top_categories,
                purchase_reasons,
                purchase_reason_codes,
            from customer_scores
            order by expected_spend desc, customer_id
            limit $rows
            """,
            rows=rows,
        )
    return marts.table(
        """
        select
            customer_id,
            category_purchase_probability as purchase_probability,
            order_days,
            recency_days,
            mean_days_between,
            lateness,
        from category_intents
        where category = $category
        order by category_purchase_probability desc, customer_id
        limit $rows
        """,
        rows=rows,
        category=category,
    )


def customer(marts: Marts, *, customer_id: str) -> pa.Table:
    """One customer's portrait, segment, scores and uplift in one row; no row where there is none of this pseudonym."""
    return marts.table(
        """
        select
            customers.*,
            segment_number,
            segment_name,
            previous_segment_name,
            has_moved,
            is_outlier,
            segment_margin,
            is_active,
            churn_probability,
            is_churn_risk,
            revenue_at_risk,
            churn_reasons,
            churn_reason_codes,
            purchase_probability,
            expected_spend,
            purchase_reasons,
            purchase_reason_codes,
            uplift,
            uplift_group,
            uplift_reasons,
            uplift_reason_codes,
            learner,
        from customers
        left join customer_segments using (customer_id)
        left join customer_scores using (customer_id)
        left join uplift_scores using (customer_id)
        where customers.customer_id = $customer_id and not customers.is_anonymous
        """,
        customer_id=customer_id,
    )


def interests(marts: Marts, *, customer_id: str) -> pa.Table:
    """The categories that a customer buys most above the average customer, and those likely to be bought next."""
    return marts.table(
        """
        with liked as (
            select category, interest_rank, order_days, revenue, affinity
            from customer_interests
            where customer_id = $customer_id
        ),

        intended as (
            select category, intent_rank, category_purchase_probability, order_days, lateness
            from category_intents
            where customer_id = $customer_id
        )

        select
            category,
            interest_rank,
            affinity,
            category_purchase_probability,
            coalesce(liked.order_days, intended.order_days) as order_days,
            revenue,
            lateness,
        from liked
        full join intended using (category)
        order by interest_rank nulls last, intent_rank
        """,
        customer_id=customer_id,
    )


def recommendations(marts: Marts, *, customer_id: str) -> pa.Table:
    """What to recommend to a customer, the first first."""
    return marts.table(
        """
        select
            recommendation_rank,
            product_name,
            category,
            score,
            source,
            is_repeat,
            reason,
            product_id,
        from recommendations
        where customer_id = $customer_id
        order by recommendation_rank
        """,
        customer_id=customer_id,
    )


def pushes(marts: Marts, *, customer_id: str) -> pa.Table:
    """The pushes planned for a customer in the coming days, those that are held out included."""
    return marts.table(
        """
        select
            send_on,
            channel,
            action_name,
            product_name,
            offer_price,
            is_control,
            message,
            reason,
        from marketing_pushes
        where customer_id = $customer_id
        order by send_on, priority_rank, push_id
        """,
        customer_id=customer_id,
    )


def examples(marts: Marts, *, rows: int) -> pa.Table:
    """Customers to begin with: those at risk of leaving with most at risk, then those who brought most."""
    return marts.table(
        """
        select customer_id
        from customers
        left join customer_scores using (customer_id)
        where not is_anonymous
        order by coalesce(is_churn_risk, false) desc, revenue_at_risk desc nulls last, revenue desc, customer_id
        limit $rows
        """,
        rows=rows,
    )


def basket_rules(marts: Marts, *, rows: int, rule_level: str) -> pa.Table:
    """What is bought together at a level, ``category`` or ``product``: rules that held later first."""
    return marts.table(
        """
        select
            rule_rank,
            antecedent_name,
            consequent_name,
            confidence as confidence_share,
            lift,
            later_confidence as later_confidence_share,
            later_lift,
            holds,
            both_orders,
        from basket_rules
        where rule_level = $rule_level
        order by rule_rank
        limit $rows
        """,
        rows=rows,
        rule_level=rule_level,
    )


def products_alike(marts: Marts, *, product_id: str) -> pa.Table:
    """The products most like one product, with what they share; no row where none is known of this id."""
    return marts.table(
        """
        select
            similarity_rank,
            similar_product_name,
            similar_category,
            similar_price_paid,
            similarity,
            reason,
            similar_product_id,
            product_name,
        from product_similarities
        where product_id = $product_id
        order by similarity_rank
        """,
        product_id=product_id,
    )


def most_recommended(marts: Marts, *, rows: int) -> pa.Table:
    """The products that are recommended to most customers."""
    return marts.table(
        """
        select
            product_id,
            any_value(product_name) as product_name,
            any_value(category) as category,
            count(*) as customers,
            avg(cast(is_repeat as integer)) as repeat_share,
            avg(recommendation_rank) as mean_rank,
        from recommendations
        group by product_id
        order by customers desc, product_id
        limit $rows
        """,
        rows=rows,
    )


def recommendation_sources(marts: Marts) -> pa.Table:
    """Where the recommendations come from: how many of each source, and for how many customers."""
    return marts.table(
        """
        select
            source,
            count(*) as recommendations,
            count(*) / sum(count(*)) over () as recommendation_share,
            count(distinct customer_id) as customers,
        from recommendations
        group by source
        order by recommendations desc, source
        """
    )
