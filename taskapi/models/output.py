from django.db import models


class TaskOutputQuerySet(models.QuerySet):
    def end_of(self, task_id):
        """The offset behind the last byte that this task printed; 0 where there is none."""
        last = self.filter(task=task_id).order_by("-offset").values_list("offset", "data").first()
        return last[0] + len(last[1]) if last else 0

    def read(self, offset, limit):
        """Up to about so many bytes from this offset on: whole rows, at least one where there is any."""
        first = self.filter(offset__lte=offset).order_by("-offset").values_list("offset", flat=True).first()
        parts = []
        rows = self.filter(offset__gte=first or 0, offset__lt=offset + limit)
        for start, data in rows.order_by("offset").values_list("offset", "data"):
            parts.append(bytes(data)[max(0, offset - start) :])
            limit -= len(parts[-1])
            if limit <= 0:
                break
        return b"".join(parts)


class TaskOutput(models.Model):
    """A piece of what the program of a task printed: UTF-8 without NUL, so many bytes after the start of all of it."""

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey("taskapi.Task", related_name="output", on_delete=models.CASCADE, db_index=False)
    offset = models.PositiveBigIntegerField()
    data = models.BinaryField()

    objects = TaskOutputQuerySet.as_manager()

    class Meta:
        # What is written again, because the answer to its commit got lost, is refused.
        constraints = [models.UniqueConstraint(fields=["task", "offset"], name="task_output_once")]

    def __str__(self):
        return f"output of task {self.task_id} from {self.offset}"
