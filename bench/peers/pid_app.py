"""What pid-app.mjs is, for ASGI servers."""
import os

PID = str(os.getpid()).encode()
HEADERS = [(b"content-length", str(len(PID)).encode())]


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await live(receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": PID})


async def live(receive, send):
    while True:
        what = (await receive())["type"]
        if what == "lifespan.startup":
            os.write(2, b"listening %s\n" % PID)
        await send({"type": what + ".complete"})
        if what == "lifespan.shutdown":
            return
