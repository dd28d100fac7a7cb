"""Our own thin view between Starlette and a Strawberry schema: GraphQL over HTTP, sockets and server-sent events.

It imports nothing of ours. `endpoint.GraphQLEndpoint` is the whole of it for those who wire an application, `contract`
what it asks of them; `live.States` and `live.Log` are what a Live resolver returns.
"""
