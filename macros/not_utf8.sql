{% macro not_utf8(location) %}
    {{ exceptions.raise_compiler_error(
        location ~ " is not UTF-8 text: its first line cannot be read. Save it as UTF-8 (UTF-16 with a byte order mark is read too) "
        ~ "and deliver it again."
    ) }}
{% endmacro %}
