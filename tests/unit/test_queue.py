"""Who is next: by nice, then fairly among users, then by age."""

from datetime import timedelta

from django.utils import timezone

from taskapi.models import Move, Reason, Task


def order(worker, count=100):
    names = []
    while claimed := Task.objects.claim(worker, 1):
        names.append(claimed[0].name)
    return names[:count]


def test_by_age(fork, worker):
    for name in "abc":
        fork(name=name)
    assert order(worker) == ["a", "b", "c"]


def test_by_nice_before_age(fork, worker):
    for name, nice in (("late", 19), ("normal", 0), ("soon", -20)):
        fork(name=name, nice=nice)
    assert order(worker) == ["soon", "normal", "late"]


def test_a_user_with_many_tasks_does_not_delay_the_first_of_another(fork, worker, user, other):
    Task.objects.fork(user, [{"name": f"a{i}"} for i in range(10)])
    fork(owner=other, name="b0")
    assert order(worker, 3) == ["a0", "b0", "a1"]


def test_two_users_alternate(worker, user, other):
    Task.objects.fork(user, [{"name": f"a{i}"} for i in range(4)])
    Task.objects.fork(other, [{"name": f"b{i}"} for i in range(2)])
    assert order(worker) == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_fairness_holds_when_the_queue_has_moved_on(fork, worker, user, other):
    Task.objects.fork(user, [{"name": f"a{i}"} for i in range(6)])
    Task.objects.claim(worker, 3)
    fork(owner=other, name="b0")
    assert order(worker, 3) == ["a3", "b0", "a4"]


def test_nice_is_fair_apart(fork, worker, user, other):
    Task.objects.fork(user, [{"name": "a"}] * 3)
    fork(owner=other, name="b", nice=1)
    assert order(worker) == ["a", "a", "a", "b"]


def test_a_scheduled_task_waits_for_its_time(fork, worker):
    task = fork(run_at=timezone.now() + timedelta(hours=1))
    assert task.reason == Reason.SCHEDULED
    assert Task.objects.line_up_due() == 0
    assert order(worker) == []


def test_a_scheduled_task_lines_up_when_it_is_due(fork, worker):
    fork(name="now")
    task = fork(name="then", run_at=timezone.now() + timedelta(hours=1))
    Task.objects.filter(pk=task.pk).update(run_at=timezone.now() - timedelta(seconds=1))
    assert Task.objects.line_up_due() == 1
    assert Task.objects.line_up_due() == 0
    assert order(worker) == ["now", "then"]


def test_a_time_in_the_past_is_now(fork, worker):
    task = fork(name="due", run_at=timezone.now() - timedelta(hours=1))
    assert task.reason == ""
    assert order(worker) == ["due"]


def test_no_user_runs_more_than_the_limit(worker, user, other, settings):
    settings.TASK_USER_RUNNING = 2
    Task.objects.fork(user, [{"name": f"a{i}"} for i in range(5)])
    Task.objects.fork(other, [{"name": "b0"}])
    claims = Task.objects.claim(worker, 10)
    assert [claim.name for claim in claims] == ["a0", "b0", "a1"]
    assert Task.objects.claim(worker, 10) == []


def test_the_next_of_a_user_runs_when_one_has_ended(worker, user, settings):
    settings.TASK_USER_RUNNING = 1
    Task.objects.fork(user, [{"name": f"a{i}"} for i in range(2)])
    [claim] = Task.objects.claim(worker, 10)
    Task.objects.record(worker, [Move.completion(claim)])
    assert order(worker) == ["a1"]


def test_a_user_at_the_limit_does_not_keep_others_waiting(worker, user, other, settings):
    settings.TASK_USER_RUNNING = 1
    Task.objects.fork(user, [{"name": f"a{i}", "nice": -5} for i in range(20)])
    Task.objects.claim(worker, 1)
    Task.objects.fork(other, [{"name": "b0"}])
    assert order(worker) == ["b0"]


def tell(user, count):
    """Lines up so many deliveries of this user."""
    Task.objects.fork(user, [{"name": "x", "notify_url": "https://example.com/hook"}] * count)
    Task.objects.filter(name="x").kill()
    assert Task.objects.line_up_due() == count
    Task.objects.filter(program="notify").update(name="told")


def test_deliveries_do_not_delay_the_first_task_of_another(fork, worker, user, other):
    tell(user, 10)
    fork(owner=other, name="b0")
    assert order(worker)[:3] == ["told", "b0", "told"]


def test_a_delivery_does_not_wait_for_all_that_its_user_has_forked(worker, user):
    Task.objects.fork(user, [{"name": f"a{i}"} for i in range(10)])
    tell(user, 2)
    assert order(worker)[:4] == ["a0", "told", "a1", "told"]
