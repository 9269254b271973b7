{% macro record_run_end(results) %}
    {%- if execute -%}
        {%- do tell_failed_tests(results) -%}
        {%- set counts = {} -%}
        {%- set failed = [] -%}
        {%- set warned = [] -%}
        {%- set slowest = [] -%}
        {%- for result in results -%}
            {%- set status = result.status | string -%}
            {#- Exposures are nodes to which nothing is done. -#}
            {%- if status != "no-op" -%}
                {%- do counts.update({status: counts.get(status, 0) + 1}) -%}
            {%- endif -%}
            {%- if status in ("error", "fail", "runtime error", "partial success") -%}
                {%- do failed.append(result.node.name) -%}
            {%- elif status == "warn" -%}
                {%- do warned.append(result.node.name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for result in (results | sort(attribute="execution_time", reverse=true))[:10] -%}
            {%- if result.execution_time >= 0.1 -%}
                {%- do slowest.append([result.node.name, result.execution_time | round(1)]) -%}
            {%- endif -%}
        {%- endfor -%}
        {#- Names alone: messages can quote data, and an entry of the audit cannot be taken back. -#}
        {%- do record_run("finished", {
            "invocation_id": invocation_id,
            "counts": counts,
            "failed": failed[:50],
            "warned": warned[:50],
            "slowest": slowest,
        }) -%}
    {%- endif -%}
{% endmacro %}
