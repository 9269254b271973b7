"""Text that Markdown shows as it is."""

import pytest
from markdown_it import MarkdownIt

from upswing.interface.plain import NULL, plain, plain_in_file

TEXTS = (
    *("![x](http://a.example/b.png)", "<img src=x>", "[x](javascript:y)", "[^1]: x", "[x]: http://a.example"),
    *("**a** _b_ __c__ ~~d~~ `e` a_b", "# a", "#", "- a", "-", "---", "***", "1. a", "2) b", "> a", "===", "+ a"),
    *("| a |", "&lt; &#65; AT&T", "\\", "\\*x\\*", "$x$", "a:b", "<!-- a -->", "*", "`", "\u202eab", "a_(_b_)"),
)

MARKDOWN = MarkdownIt("commonmark").enable(["strikethrough", "table"])


@pytest.mark.parametrize("text", TEXTS)
def test_markdown_shows_the_text_as_it_is(text: str) -> None:
    opened, line, closed = MARKDOWN.parse(plain(text).replace(NULL, ""))
    assert (opened.type, line.type, closed.type) == ("paragraph_open", "inline", "paragraph_close")
    assert {token.type for token in line.children or []} == {"text"}
    assert "".join(token.content for token in line.children or []) == text
    (cell,) = (token for token in MARKDOWN.parse(f"x {plain_in_file(text)}") if token.type == "inline")
    assert {token.type for token in cell.children or []} == {"text"}
    assert "".join(token.content for token in cell.children or []) == f"x {text}"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        (":material/home:", rf"\:{NULL}material/home\:"),
        ("a -> b", f"a -{NULL}> b"),
        ("me@a.example", f"me{NULL}@a.example"),
        ("WWW.a.example", f"WWW{NULL}.a.example"),
        ("one\n\n# two\t three ", "one # two three"),
        ("12.5 %, -5 of 2024-01-02: fit_x", "12.5 %, -5 of 2024-01-02: fit_x"),
        (7, "7"),
    ],
)
def test_what_streamlit_reads_later_is_parted_and_usual_text_stands(text: object, markdown: str) -> None:
    assert plain(text) == markdown


def test_no_address_in_a_file_is_a_link() -> None:
    assert plain_in_file("http://a.example www.a.example me@a.example") == (
        "http&#58;//a.example www&#46;a.example me&#64;a.example"
    )
