"""Streamlit's websocket: messages out, messages in, and the browser's memory of large ones that need not come again."""

import asyncio
import contextlib

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE = 300.0  # s after which nobody waits any longer
_AGE = 2  # runs of the page after which the browser forgets a message (global.maxCachedMessageAge)

Path = tuple[int, ...]


class Wire:
    """One connection from its opening to its end. Use within one asyncio loop; what is not as expected is an error."""

    def __init__(self, url: str, errors: list[str]) -> None:
        self.url, self.errors = url, errors
        self.received = 0  # messages
        self._cache: dict[str, tuple[ForwardMsg, bytes, int]] = {}  # by hash; (message, its bytes, its age in runs)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def kept(self) -> int:
        """How many large messages are kept for runs that will use them again."""
        return len(self._cache)

    async def connect(self) -> None:
        """Open the websocket."""
        address = self.url.replace("http", "ws", 1).rstrip("/") + "/_stcore/stream"
        self._socket = await websockets.connect(
            address,
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=None,
            ping_interval=None,
            open_timeout=PATIENCE,
        )
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Close it, whatever is going on."""
        self._reader.cancel()
        await self._socket.close()

    def take(self, message: ForwardMsg, path: Path, raw: bytes) -> None:
        """A message has come, for the place `path` on the page if it draws something."""
        raise NotImplementedError

    def send(self, message: BackMsg) -> None:
        """Send without waiting, in the order of the calls."""
        if message.HasField("rerun_script"):
            message.rerun_script.cached_message_hashes.extend(self._cache)
        task = asyncio.ensure_future(self._out(message.SerializeToString()))
        self._tasks.add(task)  # asyncio itself holds no strong reference
        task.add_done_callback(self._tasks.discard)

    def forget_old(self) -> None:
        """A run of the page is over: large messages that it did not use grow older."""
        aged = {key: (message, raw, age + 1) for key, (message, raw, age) in self._cache.items()}
        self._cache = {key: entry for key, entry in aged.items() if entry[2] <= _AGE}

    async def _out(self, data: bytes) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):  # whoever reads says so
            await self._socket.send(data)

    async def _read(self) -> None:
        try:
            async for raw in self._socket:
                assert isinstance(raw, bytes)
                self._resolve(raw)
            self.errors.append("the server closed the connection")
        except websockets.ConnectionClosed as error:
            self.errors.append(f"the connection broke: {error}")
        except Exception as error:  # nobody awaits this task, and a silent end would look like a slow server
            self.errors.append(f"a message was not understood: {error!r}")

    def _resolve(self, raw: bytes) -> None:
        """Take a message, or the remembered one that it stands for."""
        self.received += 1
        message = ForwardMsg.FromString(raw)
        path = tuple(message.metadata.delta_path)
        if message.WhichOneof("type") == "ref_hash":
            key = message.ref_hash
            message, raw, _ = self._cache[key]
            self._cache[key] = (message, raw, 0)
        elif message.metadata.cacheable:
            self._cache[message.hash] = (message, raw, 0)
        self.take(message, path, raw)
