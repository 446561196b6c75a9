// Package serve is a credential endpoint: the HTTP server by which a container's
// programs, a long job or an agent get the credentials of one role, by the
// protocol of Amazon ECS that every AWS SDK speaks
// (AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN).
//
// An [Endpoint] gives out one role and can do nothing else. It answers on a port
// of the loopback address, to whoever knows its token ([Endpoint.Handler]), or on
// a Unix socket, to processes of the right user ([Endpoint.SocketHandler]). [From]
// asks another endpoint, which is how one inside a container passes requests on.
// A [Grant] ends it, a [Log] tells who asked.
//
// A [Redirect] hands a browser an address that nobody else is to see.
//
// Where the credentials come from is its caller's business, and so is caching: it
// asks again for every request, once for all who ask at the same time.
package serve
