from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.model.note import Note
from publisher.storage import notes
from tests import make
from tests.make import NINE


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE note SET text = 'else' WHERE id = 2",
        "UPDATE note SET who = '别人' WHERE id = 2",
        "DELETE FROM note WHERE id = 2",
    ],
)
def test_a_changed_note_breaks_the_chain(tmp_path: Path, tampering: str) -> None:
    database = make.database(tmp_path)
    with database.sessions.begin() as session:
        for number in range(3):
            notes.append(session, Note(at=NINE, who="林晓", verb="edit", text=f"第 {number} 次"))

    with database.reads() as session:
        before = notes.first_broken(session)
    with database.sessions.begin() as session:
        session.execute(text(tampering))
    with database.reads() as session:
        after = notes.first_broken(session)

    assert before is None
    assert after in (2, 3)
