"""The baseline of the topic `fleet`: Procrastinate as it comes, with a job that does nothing."""

import asyncio
import os
import threading


def application():
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_PLAIN"]))

    @app.task(name="nothing", queue="bench")
    async def nothing():
        pass

    return app, nothing


def fill(count):
    """The tables, and so many jobs."""
    app, nothing = application()
    with app.open():
        app.schema_manager.apply_schema()
        nothing.batch_defer(*[{}] * count)


def work(slots):
    """A worker, whose log is as quiet as ours."""
    app, _ = application()
    yield None
    options = {"concurrency": slots, "fetch_job_polling_interval": 0.5, "install_signal_handlers": False}
    threading.Thread(target=lambda: asyncio.run(serve(app, options)), daemon=True).start()
    yield None


async def serve(app, options):
    async with app.open_async():
        await app.run_worker_async(**options)
