"""A way to the server that can be cut, as by a proxy or a network that fails."""

import asyncio
import threading


class Wire:
    def __init__(self, port):
        self.to = port
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.ends = []
        self.is_cut = False

    def __enter__(self):
        self.thread.start()
        self.listener = self.call(asyncio.start_server(self.carry, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *error):
        self.listener.close()
        self.cut()
        self.call(asyncio.sleep(0.1))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def carry(self, reader, writer):
        self.ends.append(writer)
        if self.is_cut:
            writer.transport.abort()
        else:
            answers, there = await asyncio.open_connection("127.0.0.1", self.to)
            self.ends.append(there)
            await asyncio.gather(pump(reader, there), pump(answers, writer))

    def cut(self):
        """Cuts what goes on, and lets nothing through until it is mended."""
        self.is_cut = True
        self.call(self.abort())

    async def abort(self):
        for end in self.ends:
            end.transport.abort()

    def mend(self):
        self.is_cut = False


async def pump(reader, writer):
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
