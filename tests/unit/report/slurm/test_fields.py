from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.report.slurm import fields
from tinysched.report.slurm.fields import Field

TABLE = {
    "j": Field("NAME", lambda row: row),
    "t": Field("ST", lambda _row: "PD"),
    "name": Field("NAME", lambda row: row),
    "state": Field("STATE", lambda _row: "PENDING"),
}


def by_letter(text: str, row: str = "abcdefghij") -> tuple[str, str]:
    layout = fields.letters(text, TABLE)
    return layout.header(), layout.line(row)


@pytest.mark.parametrize(
    ("text", "header", "line"),
    [
        ("[%5j]", "[NAME ]", "[abcde]"),
        ("[%.5j]", "[ NAME]", "[abcde]"),
        ("[%15j]", "[NAME           ]", "[abcdefghij     ]"),
        ("[%.15j]", "[           NAME]", "[     abcdefghij]"),
        ("%j;%t.", "NAME;ST.", "abcdefghij;PD."),
        ("%.0j|", "NAME|", "abcdefghij|"),
        ("no field", "no field", "no field"),
        ("x%", "x", "x"),
        ("", "", ""),
    ],
)
def test_letters_stand_between_text_at_their_width(text: str, header: str, line: str):
    assert by_letter(text) == (f"{header}\n", f"{line}\n")


@pytest.mark.parametrize(
    ("text", "line", "mistake"),
    [("%.3t|%%|x%tx", " PD|%|xPDx", "|"), ("%5", "%5", ""), ("%-5j|", "%-5j|", "-")],
)
def test_what_is_no_letter_stands_there_as_it_was_written(text: str, line: str, mistake: str):
    layout = fields.letters(text, TABLE)
    assert layout.line("x") == f"{line}\n"
    assert layout.mistakes == [mistake]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Name,State", "abcdefghij          PENDING             "),
        ("name:5,state:3", "abcdePEN"),
        ("name:.12", "  abcdefghij"),
        ("name:|,state:", "abcdefghij|PENDING"),
        ("name:.12xx,state:5:", "  abcdefghijxxPENDI:"),
    ],
)
def test_words_are_twenty_wide_unless_they_say_otherwise(text: str, line: str):
    assert fields.words(text, TABLE).line("abcdefghij") == f"{line}\n"


def test_a_word_that_is_no_field_takes_no_room():
    layout = fields.words("nosuch,state:3, state", TABLE)
    assert layout.line("x") == "PEN\n"
    assert layout.mistakes == ["nosuch", " state"]


@given(st.text())
def test_nothing_that_users_named_steers_a_terminal(name: str):
    _, line = by_letter("%j", name)
    assert line[:-1].isprintable()


@given(st.text(st.characters(categories=["L"])), st.integers(1, 40), st.booleans())
def test_a_column_is_as_wide_as_it_was_asked_to_be(text: str, width: int, right: bool):
    cell = fields.fitted(text, width, right=right)
    assert len(cell) == width
    assert text[:width] in cell


@given(st.text(alphabet="%.j tx19-|"))
def test_no_format_of_letters_breaks_it(text: str):
    header, line = by_letter(text)
    assert header.endswith("\n")
    assert line.endswith("\n")
