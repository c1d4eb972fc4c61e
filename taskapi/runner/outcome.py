"""What became of a program, as a move of its task."""

import json
import re
import traceback

import orjson
from django.conf import settings

from taskapi.exceptions import ProgramFailed
from taskapi.models import Move, Reason, failure

ERROR_LIMIT = 2_000
TIMED_OUT = 124  # as timeout(1) has it
# NUL as JSON writes it, and not the text of a backslash followed by "u0000".
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def of_result(claim, result, progress_known):
    """COMPLETED with this result, or FAILED when it cannot be stored."""
    try:
        check_storable(result)
    except (TypeError, ValueError, RecursionError) as error:
        return failure(claim, Reason.ERROR, f"The result cannot be stored as JSON: {error}.", claim.exit_code)
    columns = {"progress": 1.0} if progress_known else {}
    if claim.exit_code is not None:
        columns["exit_code"] = claim.exit_code
    return Move.completion(claim, result, **columns)


def of_error(claim, error):
    """FAILED, or tried again, after this exception."""
    if isinstance(error, ProgramFailed) and error.exit_code is not None:
        claim.exit_code = error.exit_code
        return failure(claim, Reason.EXIT, describe(error), error.exit_code)
    return failure(claim, Reason.ERROR, describe(error), claim.exit_code)


def of_stop(claim, reason):
    """What a program ends with that was made to stop; None when it was killed, which is written already."""
    if reason == Reason.TIMEOUT:
        return failure(claim, reason, f"It took longer than its timeout of {claim.timeout:g} s.", TIMED_OUT)
    if reason == Reason.LOST:
        return failure(claim, reason, "The server stopped before it had ended.")
    return None


def check_storable(result):
    """Raises TypeError or ValueError, with a sentence, for what no JSON column and no client can take."""
    text = json.dumps(result, allow_nan=False)
    if len(text) > settings.RESULT_LIMIT:
        raise ValueError(f"it is larger than the limit of {settings.RESULT_LIMIT:,} bytes")
    if NUL.search(text):
        raise ValueError("it has a NUL character in a string")
    orjson.dumps(result)


def describe(error):
    """An exception in a line or two for people: its type and message, no stack trace."""
    known = isinstance(error, ProgramFailed)
    text = str(error) if known else "".join(traceback.format_exception_only(error)).strip()
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()[:ERROR_LIMIT]
