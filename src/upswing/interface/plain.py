"""Text of the marts as Markdown that shows just that text: on a page of Streamlit, and in a file.

Streamlit reads Markdown in nearly all that it shows, and reads the result once more for icons, emojis, addresses and
arrows. A product named ``![x](http://…)`` would otherwise load a picture from elsewhere.
"""

from __future__ import annotations

import re

SPACES = re.compile(r"[ \t\n\r\f\v]+")
"""A browser shows a run of these as one space; to Markdown the end of a line or an indent means more."""

MARKS = re.compile(r"[\\`*~\[\]<$]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|:(?! )")
"""What begins or ends something inside a line: emphasis, code, a link, an image, HTML, a formula, a directive."""

FIRST = re.compile(r"(?:[-+=]|#+)(?![\w.,])|>|(?<=\d)[.)](?= |$)")
"""What makes a line more than a paragraph, where it comes first: a heading, a list, a quotation, a rule."""

NUMBER = re.compile(r"\d*")
"""Before the dot or parenthesis of a numbered list."""

NULL = ":red[]"
"""Streamlit's null directive: it shows nothing, and the texts before and after it are no longer read as one."""

READ_LATER = re.compile(
    r"(?<=:)(?=[\w/+-])"  # an icon, an emoji or a web address
    r"|(?<=[\w.+-])(?=@)"  # an e-mail address
    r"|(?<=www)(?=\.)"
    r"|(?<=[-<>~])(?=[-=>])",  # -- -> <- <-> >= <= ~= would become other signs
    re.IGNORECASE,
)
"""Where no backslash helps, for Streamlit looks for these in what the Markdown says."""


def plain(text: object) -> str:
    """Markdown that Streamlit shows letter by letter as a text, whatever the text is."""
    line = SPACES.sub(" ", str(text)).strip()
    escaped = NULL.join(MARKS.sub(r"\\\g<0>", part) for part in READ_LATER.split(line))
    number = NUMBER.match(escaped)
    place = number.end() if number else 0
    return f"{escaped[:place]}\\{escaped[place:]}" if FIRST.match(escaped, place) else escaped


IN_FILE = re.compile(r"[\\`*~\[\]<$]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])")
ADDRESS = re.compile(r":(?=//)|@|(?<=www)\.", re.IGNORECASE)
"""Without these a web or e-mail address is no link."""


def plain_in_file(text: str) -> str:
    """The inside of a line of a Markdown file that GitHub and other readers show as a text, whatever the text is."""
    escaped = IN_FILE.sub(r"\\\g<0>", SPACES.sub(" ", text))
    return ADDRESS.sub(lambda found: f"&#{ord(found[0])};", escaped)
