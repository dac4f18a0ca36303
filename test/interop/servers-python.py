"""Serves WebSockets with python3-websockets, as told on stdin; reports on stdout. One JSON object a line."""

import asyncio
import base64
import json
import ssl
import sys
import tempfile

import websockets

queues = {}


def report(number, **what):
    print(json.dumps({"connection": number, **what}), flush=True)


def message_of(piece):
    return piece["text"] if "text" in piece else base64.b64decode(piece["bytes"])


async def obey(socket, number, queue):
    while True:
        order = await queue.get()
        if "send" in order:
            await socket.send(message_of(order["send"]))
        elif "fragments" in order:
            await socket.send([message_of(piece) for piece in order["fragments"]])
        elif "ping" in order:
            answered = await socket.ping(order["ping"])
            answered.add_done_callback(
                lambda future, data=order["ping"]: future.exception() is None and report(number, pong=data)
            )
        elif "close" in order:
            await socket.close(*order["close"])
        elif "drop" in order:
            socket.transport.abort()


async def serve(socket, path=None):
    number = len(queues)
    queues[number] = asyncio.Queue()
    obeying = asyncio.create_task(obey(socket, number, queues[number]))
    report(number, open=socket.subprotocol or "")
    try:
        async for message in socket:
            if isinstance(message, str):
                report(number, text=message)
            else:
                report(number, bytes=base64.b64encode(message).decode())
    except websockets.ConnectionClosed:
        pass
    await socket.wait_closed()
    obeying.cancel()
    report(number, closed=[socket.close_code, socket.close_reason])


async def main():
    orders = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    settings = json.loads(await orders.readline())
    context = None
    if settings["pem"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(settings["pem"])
            file.flush()
            context.load_cert_chain(file.name)
    async with websockets.serve(
        serve, "127.0.0.1", 0, subprotocols=[settings["protocol"]], ssl=context, max_size=2**21, max_queue=None
    ) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        while line := await orders.readline():
            order = json.loads(line)
            queues[order["connection"]].put_nowait(order)


asyncio.run(main())
