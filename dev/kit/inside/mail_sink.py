"""A mail server on the loopback that keeps every message as a file.

Prints the port it listens on, then runs until it is ended.
"""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self, folder: Path):
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        recipient = "".join(
            c if c.isalnum() or c in "@.-_+" else "_" for c in envelope.rcpt_tos[0]
        )
        name = f"{datetime.now():%Y%m%d-%H%M%S}-{self.count:05}-{recipient}.eml"
        (self.folder / name).write_bytes(envelope.content)
        return "250 kept"


async def serve(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sink = Sink(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
