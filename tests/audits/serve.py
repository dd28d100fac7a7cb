"""Serves the tests' small shop: `python tests/audits/serve.py 8123`. For the published audits."""

import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parent.parent / "graphql_edge"))

from shop import SCHEMA, Shop

from graphql_edge.endpoint import GraphQLEndpoint

if __name__ == "__main__":
    uvicorn.run(
        GraphQLEndpoint(SCHEMA, Shop().collaborators()),
        port=int(sys.argv[1]),
        log_level="warning",
        ws="websockets-sansio",
    )
