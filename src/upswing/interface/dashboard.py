"""The pages of the dashboard, the menu over them and the switch of the language."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

import streamlit as st

from upswing.interface.frame import Page, kept_in_address
from upswing.interface.marts import Marts
from upswing.interface.theme import ICON, LOGO, PAGE_STYLE
from upswing.interface.words import LANGUAGES, ROOMS, Words
from upswing.user_errors import UserError

ICONS = {
    "today": ":material/today:",
    "products": ":material/rocket_launch:",
    "opportunities": ":material/handshake:",
    "customers": ":material/group:",
    "sales": ":material/show_chart:",
    "marketing": ":material/campaign:",
    "quality": ":material/verified:",
}


def show_dashboard() -> None:
    """Draw the page that is asked for, in the language that is asked for."""
    st.set_page_config(page_icon=ICON, layout="wide")
    st.logo(LOGO, size="large")
    st.html(PAGE_STYLE)
    marts = Marts.of_warehouse()
    language = chosen_language()
    words = Words(language)
    pages = [
        st.Page(
            partial(show_room, room, marts, language),
            title=words.of(room)("title"),
            icon=ICONS[room],
            url_path=room,
            default=room == ROOMS[0],
        )
        for room in ROOMS
    ]
    shown = st.navigation(pages, position="top")
    st.set_page_config(page_title=f"{shown.title} · Upswing")
    shown.run()
    st.divider()
    Page(marts, words).note(words("footer", file=marts.file))


def chosen_language() -> str:
    """The language of the switch; before anyone has touched it, that of the browser."""
    likely = "zh" if (st.context.locale or "").lower().startswith("zh") else "en"
    languages = sorted(LANGUAGES, key=lambda language: language != likely)
    with kept_in_address("language", languages):
        st.session_state.setdefault("language", likely)
        chosen = st.segmented_control(
            "Language / 语言",
            list(LANGUAGES),
            required=True,
            format_func=lambda language: LANGUAGES[language],
            key="language",
            label_visibility="collapsed",
            persist_state="session",
        )
    # A screen reader reads the page out in the language that it names.
    st.html(f"<script>document.documentElement.lang = '{chosen}'</script>", unsafe_allow_javascript=True)
    return str(chosen)


def show_room(room: str, marts: Marts, language: str) -> None:
    """Draw one page; what a user can mend is told in words, in its place."""
    page = Page(marts, Words(language, room))
    st.title(page.words("title"))
    page.say(page.words("lead"))
    show: Callable[[Page], None] = import_module(f"upswing.interface.{room}.page").show
    try:
        show(page)
    except UserError as wrong:
        page.fail(page.words("cannot_show", reason=wrong))
