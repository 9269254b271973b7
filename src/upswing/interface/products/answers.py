"""What the page of products asks of the marts."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts

# The E of a launch that is still in its cycle stands in no mart. It is that of its category's historical launches, and
# that of all launches where the category has none: the rule of int_sales_expectations, read from its results. What
# this cannot know is a category that has an expectation in the seed, but no historical launch.
EXPECTATIONS = """
        category_expectations as (
            select
                category,
                min(expected_units) as expected_units,
                min(expectation_source) as expectation_source,
            from positive_increments
            group by category
        ),

        all_expectations as (
            select min(expected_units) as expected_units
            from positive_increments
            where expectation_source = 'all_history'
        ),

        -- 26 weeks are the var cycle_weeks as it is delivered; the calendar of surges knows any other.
        cycle as (
            select coalesce(max(week_of_life), 26) as cycle_weeks
            from surge_calendar
        ),
"""


def products_in_figures(marts: Marts) -> pa.Table:
    """One row: how many products are in their cycle, how many will break out, how many of the past did."""
    return marts.table(
        """
        select
            (select max(as_of_date) from model_runs) as as_of_date,
            (select count(*) from breakout_products) as products_in_cycle,
            (select count(*) from breakout_products where is_breakout) as breakout_products,
            (select count(distinct product_id) from surge_calendar where is_upcoming and is_surge)
                as products_with_a_surge_ahead,
            (select count(*) from positive_increments) as historical_launches,
            (select avg(cast(is_breakout as integer)) from positive_increments) as breakout_share,
            (select max(breakout_threshold) from positive_increments) as breakout_threshold
        """
    )


def categories(marts: Marts) -> pa.Table:
    """The categories of the products that are in their cycle."""
    return marts.table("select distinct category from breakout_products where category is not null order by category")


def past_categories(marts: Marts) -> pa.Table:
    """The categories of the historical launches."""
    return marts.table("select distinct category from positive_increments where category is not null order by category")


def ranked_products(marts: Marts, *, category: str | None = None, rows: int = 1000) -> pa.Table:
    """The products in their cycle by rank, those of one category or all, each with its next promotion window."""
    return marts.table(
        """
        with next_windows as (
            select
                promotion_windows.product_id,
                min(promotion_windows.starts_on) as promote_from,
                min_by(promotion_windows.ends_on, promotion_windows.starts_on) as promote_until,
            from promotion_windows
            inner join breakout_products using (product_id)
            where promotion_windows.ends_on >= breakout_products.as_of_date
            group by promotion_windows.product_id
        )

        select
            breakout_products.breakout_rank,
            breakout_products.product_name,
            breakout_products.category,
            breakout_products.breakout_probability,
            breakout_products.later_breakout_probability,
            breakout_products.is_breakout,
            next_windows.promote_from,
            next_windows.promote_until,
            breakout_products.top_reasons,
            breakout_products.top_reason_codes,
            breakout_products.weeks_on_sale,
            breakout_products.launch_units,
            breakout_products.product_id,
        from breakout_products
        left join next_windows using (product_id)
        where $category is null or breakout_products.category = $category
        order by breakout_products.breakout_rank
        limit $rows
        """,
        category=category,
        rows=rows,
    )


def products_to_choose(marts: Marts) -> pa.Table:
    """Every product in its cycle, by rank, with its name."""
    return marts.table(
        """
        select
            product_id,
            breakout_rank,
            coalesce(product_name, product_id) as product_name,
        from breakout_products
        order by breakout_rank
        """
    )


def product_in_figures(marts: Marts, *, product_id: str) -> pa.Table:
    """One row of what is predicted of a product, how its launch goes so far, and what became of its analogs.

    ``positive_weeks`` and ``positive_increment`` (D) count the whole weeks of its life up to now. No row where the
    product is not among the breakout products.
    """
    return marts.table(
        f"""
        with {EXPECTATIONS}
        chosen as (
            select
                breakout_products.*,
                products.launch_week,
                coalesce(category_expectations.expected_units, all_expectations.expected_units) as expected_units,
                coalesce(category_expectations.expectation_source, 'all_history') as expectation_source,
            from breakout_products
            inner join products using (product_id)
            left join category_expectations on breakout_products.category = category_expectations.category
            cross join all_expectations
            where breakout_products.product_id = $product_id
        ),

        good_weeks as (
            select
                count(*) as positive_weeks,
                avg(power(product_weeks.natural_units - chosen.expected_units, 2)) as positive_increment,
            from product_weeks
            inner join chosen using (product_id)
            where
                product_weeks.is_complete_week
                and product_weeks.week_of_life <= chosen.weeks_on_sale
                and product_weeks.natural_units > chosen.expected_units
        ),

        what_became_of_analogs as (
            select
                count(*) as analogs,
                count(case when product_analogs.analog_was_breakout then 1 end) as analogs_that_broke_out,
                median(positive_increments.positive_increment) as analogs_increment,
            from product_analogs
            left join positive_increments on product_analogs.analog_product_id = positive_increments.product_id
            where product_analogs.product_id = $product_id
        )

        select
            chosen.product_id,
            chosen.product_name,
            chosen.category,
            chosen.launched_on,
            chosen.weeks_on_sale,
            chosen.breakout_probability,
            chosen.later_breakout_probability,
            chosen.is_breakout,
            chosen.breakout_rank,
            (select count(*) from breakout_products) as ranked_products,
            chosen.top_reasons,
            chosen.top_reason_codes,
            chosen.expected_units,
            chosen.expectation_source,
            case when chosen.expected_units is not null then good_weeks.positive_weeks end as positive_weeks,
            case
                when chosen.expected_units is not null then coalesce(good_weeks.positive_increment, 0)
            end as positive_increment,
            (select max(breakout_threshold) from positive_increments) as breakout_threshold,
            what_became_of_analogs.analogs,
            what_became_of_analogs.analogs_that_broke_out,
            what_became_of_analogs.analogs_increment,
        from chosen
        cross join good_weeks
        cross join what_became_of_analogs
        """,
        product_id=product_id,
    )


def launch_course(marts: Marts, *, product_id: str, analogs: int = 5) -> pa.Table:
    """Natural units by week of life: of a product beside its E, of its nearest analogs, and the median of all analogs.

    One row a ``course`` (product, analog or median) and ``week_of_life``; weeks without a sale count 0 units. Only the
    product's own rows have ``week_starting``, ``expected_units`` (null where no launch has ended yet) and
    ``is_positive``.
    """
    return marts.table(
        f"""
        with {EXPECTATIONS}
        shown as (
            select
                'product' as course,
                product_id,
                product_name,
                category,
                launch_week,
                null as analog_rank,
                least(weeks_on_sale, cycle.cycle_weeks) as shown_weeks,
            from products
            cross join cycle
            where product_id = $product_id and launch_week is not null
            union all
            select
                'analog' as course,
                analog_product_id as product_id,
                analog_product_name as product_name,
                null as category,
                null as launch_week,
                analog_rank,
                cycle.cycle_weeks as shown_weeks,
            from product_analogs
            cross join cycle
            where product_id = $product_id
        ),

        weeks_of_life as (
            select *, unnest(range(1, shown_weeks + 1)) as week_of_life
            from shown
        ),

        courses as (
            select
                weeks_of_life.*,
                coalesce(product_weeks.natural_units, 0) as natural_units,
            from weeks_of_life
            left join product_weeks
                on
                    weeks_of_life.product_id = product_weeks.product_id
                    and weeks_of_life.week_of_life = product_weeks.week_of_life
        ),

        with_expectations as (
            select
                courses.*,
                case
                    when courses.course = 'product'
                        then coalesce(category_expectations.expected_units, all_expectations.expected_units)
                end as expected_units,
            from courses
            left join category_expectations on courses.category = category_expectations.category
            cross join all_expectations
        ),

        told as (
            select
                course,
                product_id,
                product_name,
                analog_rank,
                week_of_life,
                cast(launch_week + 7 * (cast(week_of_life as integer) - 1) as date) as week_starting,
                natural_units,
                expected_units,
                natural_units > expected_units as is_positive,
            from with_expectations
            where course = 'product' or analog_rank <= $analogs
            union all
            select
                'median' as course,
                null as product_id,
                null as product_name,
                null as analog_rank,
                week_of_life,
                null as week_starting,
                median(natural_units) as natural_units,
                null as expected_units,
                null as is_positive,
            from courses
            where course = 'analog'
            group by week_of_life
        )

        select *
        from told
        order by array_position(['product', 'median', 'analog'], course), analog_rank, week_of_life
        """,
        product_id=product_id,
        analogs=analogs,
    )


def surge_course(marts: Marts, *, product_id: str) -> pa.Table:
    """The weeks of a product after its launch window: how likely each surges, and the promotion window it lies in."""
    return marts.table(
        """
        select
            surge_calendar.week_starting,
            surge_calendar.week_of_life,
            surge_calendar.surge_probability,
            surge_calendar.is_surge,
            surge_calendar.is_upcoming,
            promotion_windows.window_number,
            promotion_windows.starts_on as promote_from,
            promotion_windows.ends_on as promote_until,
        from surge_calendar
        left join promotion_windows
            on
                surge_calendar.product_id = promotion_windows.product_id
                and surge_calendar.week_of_life
                between promotion_windows.first_week_of_life and promotion_windows.last_week_of_life
        where surge_calendar.product_id = $product_id
        order by surge_calendar.week_of_life
        """,
        product_id=product_id,
    )


def analogs_of(marts: Marts, *, product_id: str, rows: int = 20) -> pa.Table:
    """The nearest analogs of a product and what became of them."""
    return marts.table(
        """
        select
            product_analogs.analog_rank,
            product_analogs.analog_product_name,
            product_analogs.distance,
            product_analogs.in_cluster,
            product_analogs.analog_launched_on,
            product_analogs.analog_positive_weeks,
            positive_increments.positive_increment,
            product_analogs.analog_was_breakout,
            product_analogs.analog_product_id,
        from product_analogs
        left join positive_increments on product_analogs.analog_product_id = positive_increments.product_id
        where product_analogs.product_id = $product_id
        order by product_analogs.analog_rank
        limit $rows
        """,
        product_id=product_id,
        rows=rows,
    )


def surged_last_week(marts: Marts, *, rows: int = 10) -> pa.Table:
    """The products in their cycle whose natural units beat E in the newest whole week, the widest beat first."""
    return marts.table(
        f"""
        with {EXPECTATIONS}
        surging as (
            select
                product_weeks.product_id,
                products.product_name,
                products.category,
                product_weeks.week_starting,
                product_weeks.week_of_life,
                product_weeks.natural_units,
                coalesce(category_expectations.expected_units, all_expectations.expected_units) as expected_units,
            from product_weeks
            inner join products using (product_id)
            left join category_expectations on products.category = category_expectations.category
            cross join all_expectations
            cross join cycle
            where
                product_weeks.week_starting = (select max(week_starting) from product_weeks where is_complete_week)
                and product_weeks.week_of_life between 1 and cycle.cycle_weeks
        )

        select
            surging.product_name,
            surging.category,
            surging.week_starting,
            surging.week_of_life,
            surging.natural_units,
            surging.expected_units,
            surging.natural_units - surging.expected_units as units_above,
            breakout_products.breakout_rank,
            surge_calendar.surge_probability,
            surging.product_id,
        from surging
        left join breakout_products using (product_id)
        left join surge_calendar
            on
                surging.product_id = surge_calendar.product_id
                and surging.week_of_life = surge_calendar.week_of_life
        where surging.natural_units > surging.expected_units
        order by units_above desc, surging.product_id
        limit $rows
        """,
        rows=rows,
    )


def history_by_category(marts: Marts, *, rows: int = 15) -> pa.Table:
    """The categories with the most historical launches: E, the median D, and the share that broke out."""
    return marts.table(
        """
        select
            category,
            count(*) as launches,
            count(case when is_breakout then 1 end) as breakouts,
            avg(cast(is_breakout as integer)) as breakout_share,
            min(expected_units) as expected_units,
            median(positive_increment) as median_increment,
            (select avg(cast(is_breakout as integer)) from positive_increments) as usual_breakout_share,
        from positive_increments
        group by category
        order by launches desc, category
        limit $rows
        """,
        rows=rows,
    )


def historic_breakouts(marts: Marts, *, category: str | None = None, rows: int = 200) -> pa.Table:
    """The historical launches of one category, or all, the greatest D first."""
    return marts.table(
        """
        select
            products.product_name,
            positive_increments.category,
            positive_increments.launched_on,
            positive_increments.expected_units,
            positive_increments.expectation_source,
            positive_increments.positive_weeks,
            positive_increments.positive_increment,
            positive_increments.is_breakout,
            positive_increments.is_later_breakout,
            positive_increments.product_id,
        from positive_increments
        left join products using (product_id)
        where $category is null or positive_increments.category = $category
        order by positive_increments.positive_increment desc, positive_increments.product_id
        limit $rows
        """,
        category=category,
        rows=rows,
    )
