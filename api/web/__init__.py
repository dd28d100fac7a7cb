"""Our own thin view between Starlette and the schema: GraphQL over HTTP, sockets and server-sent events.

It knows nothing of billing. `endpoint.GraphQLEndpoint` is the whole of it for those who wire the application;
`live.States` and `live.Log` are what a Live resolver returns.
"""
