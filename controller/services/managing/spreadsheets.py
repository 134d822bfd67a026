"""Read .xlsx as the CSV that everything else reads: the first sheet, cells as people see them.

A number stays the number that it is: 1234567890 in a cell is no 1.23E+09. A formula stays the text
of the formula, and is refused with its row like everywhere.
"""

import csv
import io
import zipfile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from controller.domain.refusal import Refusal
from mqtt.contract.errors import RefusedError
from mqtt.contract.reasons import ReasonCode

__all__ = ["MAX_FILE_BYTES", "as_csv"]

MAX_FILE_BYTES = 4 * 1024 * 1024
_MAX_UNPACKED = 64 * 1024 * 1024
_MAX_ROWS, _MAX_COLUMNS = 60_001, 40
_ZIP = b"PK\x03\x04"


def as_csv(raw: bytes) -> bytes:
    """Return UTF-8 CSV for a workbook, and anything else as it is.

    Raises RefusedError: `too_large`, `file_unreadable`.
    """
    if len(raw) > MAX_FILE_BYTES:
        raise _refused(ReasonCode.TOO_LARGE, f"{MAX_FILE_BYTES} bytes")
    if not raw.startswith(_ZIP):
        return raw
    try:
        _check_size(raw)
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
        text = io.StringIO()
        writer = csv.writer(text)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_row=_MAX_ROWS, max_col=_MAX_COLUMNS, values_only=True):
            writer.writerow([_cell(value) for value in row])
        book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise _refused(ReasonCode.FILE_UNREADABLE, "xlsx") from error
    return text.getvalue().encode()


def _check_size(raw: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if sum(each.file_size for each in packed.infolist()) > _MAX_UNPACKED:
            raise _refused(ReasonCode.TOO_LARGE, "xlsx")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _refused(code: ReasonCode, detail: str) -> RefusedError:
    return Refusal(code, "IM-03", detail=detail).as_error()
