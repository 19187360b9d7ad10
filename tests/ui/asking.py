"""Raw requests to an ASGI application, without a server."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

HOST = "127.0.0.1:7860"
OWN = {"host": HOST}


def ask(
    app: Any, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=("10.0.0.9", 5))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, path, headers=headers or OWN, **more)

    return asyncio.run(run())
