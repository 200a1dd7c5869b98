"""Many logins at once, from many addresses, until its standard input ends: python3 login_flood.py PORT REALM COUNT"""

import asyncio
import json
import sys


async def flood(port, realm, number, tally):
    body = json.dumps({"username": f"user-{number}", "password": "wrong horse battery"}).encode()
    request = (f"POST /api/v1/realms/{realm}/session HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(f"127.0.1.{number + 1}", 0))
    while True:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        status = int(head[9:12])
        tally[status] = tally.get(status, 0) + 1
        if status == 429:
            await asyncio.sleep(1)  # as Retry-After says


async def main(port, realm, count):
    tally = {}
    floods = [asyncio.create_task(flood(port, realm, number, tally)) for number in range(count)]
    end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([*floods, asyncio.ensure_future(end)], return_when=asyncio.FIRST_COMPLETED)
    broken = [task for task in floods if task.done()]
    for task in floods:
        task.cancel()
    await asyncio.gather(*floods, return_exceptions=True)
    print(json.dumps({"broken": [repr(task.exception()) for task in broken], **tally}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
