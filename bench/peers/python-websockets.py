# The package python3-websockets of Debian, on asyncio.
import asyncio
import json
import sys

import websockets

task = json.loads(sys.argv[1])
everybody = set()


async def handle(socket, _path=None):
    everybody.add(socket)
    try:
        async for message in socket:
            if task["kind"] == "echo":
                await socket.send(message)
            else:
                websockets.broadcast(everybody, message)
    except websockets.ConnectionClosed:
        pass
    finally:
        everybody.remove(socket)


async def main():
    size = max(task.get("size", 0), 2**20)
    compression = "deflate" if task.get("compression") else None
    async with websockets.serve(handle, "127.0.0.1", 0, compression=compression, max_size=size) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
