from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tinysched.report.columns import table
from tinysched.report.text import cut, pad, visible, width


def test_plain_text_of_any_script_is_left_alone():
    for text in ("testpi", "größe 1", "模拟", "ένα"):
        assert visible(text) == text


def test_controls_and_broken_text_are_shown_as_escapes():
    assert visible("a\x1b[31mb") == "a\\x1b[31mb"
    assert visible("a\nb\tc") == "a\\nb\\tc"
    assert visible("\x9b\x7f") == "\\x9b\\x7f"
    assert visible("\u202egpj.exe") == "\\u202egpj.exe"
    assert visible(b"caf\xe9".decode("utf-8", "surrogateescape")) == "caf\\xe9"
    assert visible("\ud800") == "\\ud800"


@given(st.text(st.characters(codec=None)))
def test_visible_text_never_holds_anything_but_signs(text: str):
    shown = visible(text)
    assert shown.isprintable()
    shown.encode("utf-8")


@given(st.text().map(visible), st.integers(1, 30))
def test_a_cut_text_is_no_wider_than_asked(text: str, columns: int):
    short = cut(text, columns)
    assert width(short) <= columns
    assert short == text or short.endswith("+")
    assert width(pad(short, columns)) == columns


def test_wide_letters_take_two_columns_and_marks_none():
    assert width("模拟") == 4
    assert width("e\u0301") == 1


def test_columns_line_up_whatever_the_letters():
    text = table(("A", "B", "C"), [("模拟", "1", "x"), ("ab", "10", "y")], right=("B",))
    assert text == "A      B  C\n模拟   1  x\nab    10  y\n"


def test_no_line_ends_with_a_blank():
    assert table(("A", "B"), [("long", ""), ("", "")]) == "A     B\nlong\n\n"
