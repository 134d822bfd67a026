"""Give tests of rules a compound with face at two gates, one resident opted in, all published."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.services import documents
from controller.services.ports import MemoryPublisher
from controller.services.proofs import keep_proofs
from controller.storage.engine import make_engine
from tests.support.databases import migrated_file
from tests.support.face_desk import FaceDesk, open_face_desk

__all__ = ["desk", "migrated_file"]


@pytest.fixture
def desk(migrated_file: Path, tmp_path: Path) -> Iterator[FaceDesk]:
    """Open the desk on a database of its own."""
    file = tmp_path / "controller.db"
    shutil.copyfile(migrated_file, file)
    engine = make_engine(f"sqlite:///{file}")
    opened = open_face_desk(engine)
    opened.opt_in(opened.resident())
    documents.sync(engine, opened.site, MemoryPublisher(), opened.moment)
    with opened.writing() as uow:
        keep_proofs(uow, opened.moment)
        uow.commit()
    yield opened
    engine.dispose()
