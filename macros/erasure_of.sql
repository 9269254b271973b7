{% macro erasure_of(contract, contracts, deliveries) %}
    {#- What is left out of a raw table, or stays without a name, because its customer was erased. -#}
    {%- set erased = "select pseudonym from raw.erasures" -%}
    {%- if contract.columns | selectattr("pseudonym") | list -%}
        {#- What was sold was sold: turnover and stock stay true without the name. -#}
        {{ return({"column": "customer_id", "erased_values": erased, "stays_anonymous": contract.name == "order_lines", "is_stable": true}) }}
    {%- endif -%}
    {%- if contract.name == "visits" and deliveries.get("opportunities") -%}
        {%- set opportunities = contracts | selectattr("name", "equalto", "opportunities") | first -%}
        {%- set erased_opportunities = (
            "select " ~ trimmed_text("cast(opportunity_id as string)") ~ " from ("
            ~ raw_select(opportunities, deliveries["opportunities"]) ~ ") as opportunities where customer_id in (" ~ erased ~ ")"
            ~ " and opportunity_id is not null"
        ) -%}
        {{ return({
            "column": "opportunity_id",
            "erased_values": erased_opportunities,
            "stays_anonymous": false,
            "is_stable": deliveries["opportunities"].is_stable,
        }) }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}
