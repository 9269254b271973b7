{% macro column_named_twice(location, name) %}
    {{ exceptions.raise_compiler_error(
        location ~ " names the column " ~ name | lower ~ " twice (capitals make no difference). Which of them counts cannot be told: "
        ~ "rename or leave out one of them and deliver the file again."
    ) }}
{% endmacro %}
