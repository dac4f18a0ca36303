"""A client of Python's `websockets` that does what it is told, line by line, and tells what happens."""

import asyncio
import base64
import json
import ssl
import sys

import websockets


def tell(**event):
    print(json.dumps(event), flush=True)


def data_of(piece):
    return base64.b64decode(piece["bytes"]) if "bytes" in piece else piece["text"]


async def obey(socket):
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if "fragments" in order:
            await socket.send([data_of(piece) for piece in order["fragments"]])
        elif "close" in order:
            await socket.close(*order["close"])
        elif "drop" in order:
            socket.transport.abort()
        else:
            await socket.send(data_of(order))


async def main(url, ca, *protocols):
    context = None
    if url.startswith("wss:"):
        context = ssl.create_default_context(cadata=ca)
    try:
        socket = await websockets.connect(
            # Its limit counts compressed bytes too; those of noise are more than it holds.
            url, ssl=context, subprotocols=protocols or None, max_size=2**21
        )
    except Exception as error:
        tell(failed=str(error))
        return
    extensions = ", ".join(extension.name for extension in socket.extensions)
    tell(open={"protocol": socket.subprotocol or "", "extensions": extensions})
    orders = asyncio.ensure_future(obey(socket))
    try:
        async for message in socket:
            if isinstance(message, str):
                tell(text=message)
            else:
                tell(bytes=base64.b64encode(message).decode())
    except websockets.ConnectionClosed:
        pass
    await socket.wait_closed()
    tell(closed={"code": socket.close_code, "reason": socket.close_reason})
    await orders


asyncio.run(main(*sys.argv[1:]))
