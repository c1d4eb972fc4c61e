"""The baseline of the topic `http`: a plain Django view with the SQL of the product written by hand, and orjson.

The same token check, the same rows, the same answers, the same middleware; no framework between, and no checks of what
was sent.
"""

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from knox.crypto import hash_token

from taskapi.answers import WHOLE
from taskapi.models import Status

USER = """SELECT u.id, t.expiry, t.last_used, u.is_active FROM userapi_token t JOIN userapi_user u ON u.id = t.user_id
    WHERE t.digest = %s AND u.is_active AND (t.expiry > %s OR t.expiry IS NULL)"""
ACTIVE = """SELECT COUNT(*) FROM (SELECT 1 FROM taskapi_task WHERE owner_id = %s AND status IN ('pending', 'running')
    LIMIT %s) AS open"""
HEAD = "SELECT MIN(turn) FROM taskapi_task WHERE turn BETWEEN 0 AND 1099511627775"
LAST = "SELECT MAX(turn) FROM taskapi_task WHERE turn BETWEEN 0 AND 1099511627775 AND owner_id = %s"
TASK = {
    "owner_id": None, "name": None, "description": "", "status": "pending", "reason": "", "program": "sleep",
    "arguments": None, "nice": 0, "run_at": None, "timeout": None, "max_attempts": 1, "signal": "", "attempt": 0,
    "postponed": 0, "worker_id": None, "turn": None, "restarted_from_id": None, "progress": None, "progress_text": "",
    "result": None, "error": "", "exit_code": None, "created_at": None, "updated_at": None, "started_at": None,
    "ended_at": None, "completed_at": None,
}  # fmt: skip
INSERT = f"INSERT INTO taskapi_task ({', '.join(TASK)}) VALUES ({', '.join(['%s'] * len(TASK))}) RETURNING id"  # noqa: S608  names of ours
EVENT = "INSERT INTO taskapi_taskevent (task_id, status, reason, by_id, at) VALUES (%s, 'pending', '', %s, %s)"
LIST = """SELECT created_at, id, name, status FROM taskapi_task WHERE owner_id = %s
    ORDER BY created_at DESC, id DESC LIMIT %s"""


@csrf_exempt
def tasks(request):
    with connection.cursor() as cursor:
        user = user_of(request, cursor)
        return post(request, cursor, user) if request.method == "POST" else listed(request, cursor, user)


def user_of(request, cursor):
    token = request.headers["Authorization"].removeprefix("Token ")
    cursor.execute(USER, [hash_token(token), moment(timezone.now())])
    return cursor.fetchone()[0]


def post(request, cursor, user):
    spec, now = orjson.loads(request.body), timezone.now()
    at = moment(now)
    with transaction.atomic():
        cursor.execute(ACTIVE, [user, settings.TASK_USER_ACTIVE + 1])
        if cursor.fetchone()[0] >= settings.TASK_USER_ACTIVE:
            return HttpResponse(status=429)
        cursor.execute(HEAD)
        head = cursor.fetchone()[0]
        cursor.execute(LAST, [user])
        last = cursor.fetchone()[0]
        row = TASK | {"owner_id": user, "name": spec["name"], "created_at": at, "updated_at": at}
        row["arguments"] = orjson.dumps(spec["arguments"]).decode()
        row["turn"] = max(head or 0, 0 if last is None else last + 1)
        cursor.execute(INSERT, list(row.values()))
        pk = cursor.fetchone()[0]
        cursor.execute(EVENT, [pk, user, at])
    known = row | spec | {"id": pk, "status_label": Status.PENDING.label, "created_at": now, "updated_at": now}
    body = {name: known.get(name) for name in WHOLE}
    location = request.build_absolute_uri(f"/taskapi/tasks/{pk}/")
    return answer(body, 201, {"Location": location})


def listed(request, cursor, user):
    limit = int(request.GET["limit"])
    cursor.execute(LIST, [user, limit + 1])
    rows = cursor.fetchall()
    body = [{"id": pk, "name": name, "status": status} for _, pk, name, status in rows[:limit]]
    following = request.build_absolute_uri(f"?limit={limit}&cursor={rows[limit - 1][0]}-{rows[limit - 1][1]}")
    return answer(body, 200, {"Link": f'<{following}>; rel="next"'})


def answer(body, status, headers):
    data = orjson.dumps(body, option=orjson.OPT_UTC_Z)
    return HttpResponse(data, status=status, content_type="application/json", headers=headers)


def moment(value):
    return connection.ops.adapt_datetimefield_value(value)
