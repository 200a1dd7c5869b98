"""An HTTP proxy that knows CONNECT alone: asyncio in a thread of its own, honest unless it is scripted."""

import asyncio
import threading


class Proxy:
    """`answer` is bytes that each CONNECT gets instead of a tunnel; `to` is where tunnels go, whatever is asked for."""

    def __init__(self, port=0, answer=None, to=None):
        self.answer, self.to = answer, to
        self.heads, self.open, self.tasks, self.connections = [], set(), set(), 0
        self.loop = asyncio.new_event_loop()

        async def listen():
            return await asyncio.start_server(self.serve, "127.0.0.1", port, reuse_address=True)
        self.listener = self.loop.run_until_complete(listen())
        self.port = self.listener.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def targets(self):
        return [head.split(" ")[1] for head in self.heads]

    async def serve(self, reader, writer):
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        self.open.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            if self.answer is not None:
                writer.write(self.answer)
                await writer.drain()
                return
            host, _, port = (self.to or head.split(" ")[1]).rpartition(":")
            far_reader, far_writer = await asyncio.open_connection(host.strip("[]"), int(port))
            self.open.add(far_writer)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(self.copy(reader, far_writer), self.copy(far_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.tasks.discard(asyncio.current_task())

    async def copy(self, reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        async def close():
            self.listener.close()
            for writer in list(self.open):
                writer.transport.abort()
            tasks = list(self.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
