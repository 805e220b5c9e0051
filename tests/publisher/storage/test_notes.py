from __future__ import annotations

import pytest
from sqlalchemy import select, text

from publisher.model.note import Note
from publisher.storage import notes
from publisher.storage.database import Database
from tests.make import NINE
from tests.threads import at_once, failures


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE note SET text = 'else' WHERE id = 2",
        "UPDATE note SET who = '别人' WHERE id = 2",
        "DELETE FROM note WHERE id = 2",
    ],
)
def test_a_changed_note_breaks_the_chain(store: Database, tampering: str) -> None:
    with store.sessions.begin() as session:
        for number in range(3):
            notes.append(session, Note(at=NINE, who="林晓", verb="edit", text=f"第 {number} 次"))

    with store.reads() as session:
        before = notes.first_broken(session)
    with store.sessions.begin() as session:
        session.execute(text(tampering))
    with store.reads() as session:
        after = notes.first_broken(session)

    assert before is None
    assert after in (2, 3)


def test_two_who_write_at_once_share_no_predecessor(store: Database) -> None:
    def write(who: str) -> None:
        for number in range(10):
            with store.sessions.begin() as session:
                notes.append(session, Note(at=NINE, who=who, verb="edit", text=f"第 {number} 次"))

    done = at_once(lambda: write("林晓"), lambda: write("周宁"), lambda: write("陈敏"))

    assert failures(done) == []
    with store.reads() as session:
        assert session.query(Note).count() == 30
        assert notes.first_broken(session) is None


def test_a_note_of_odd_characters_does_not_break_the_chain(store: Database) -> None:
    with store.sessions.begin() as session:
        notes.append(session, Note(at=NINE, who="林晓", verb="edit", text="a\x00b\ud83d"))

    with store.reads() as session:
        assert session.scalars(select(Note.text)).one() == "a?b?"
        assert notes.first_broken(session) is None
