import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from taskapi.exceptions import ProgramFailed, WrongArgument
from taskapi.models import Task
from taskapi.programs import program


@program
def word_count(task, text: str, least: Annotated[int, Field(ge=1, description="Leave out words rarer than this.")] = 1):
    """Count the words of a text."""
    words = Counter()
    for line in task.track(text.splitlines()):
        words.update(line.lower().split())
    if not words:
        raise ProgramFailed("There is no word in it.", exit_code=1)
    return {word: number for word, number in words.most_common() if number >= least}


class Period(BaseModel):
    model_config = ConfigDict(extra="forbid")

    first: date
    last: date


def check_census(period, **others):
    if period.last < period.first:
        raise WrongArgument("period", "It ends before it begins.")


@program(permission="sample.run_census", check=check_census)
async def census(task, period: Period, pause: Annotated[float, Field(ge=0, le=60)] = 0.0):
    """Count the tasks that were forked on each day of a period."""
    days = (period.last - period.first).days + 1
    counts = {}
    try:
        for number in range(days):
            day = period.first + timedelta(days=number)
            counts[str(day)] = await Task.objects.filter(created_at__date=day).acount()
            task.print(day, counts[str(day)])
            task.progress((number + 1) / days, f"up to {day}")
            await asyncio.sleep(pause)
    finally:  # at its end, after an error, and when it is killed
        task.print("Counted", len(counts), "days of", days)
    return counts
