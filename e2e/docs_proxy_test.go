package e2e

// proxyDocument has the configurations of reverse proxies.
const proxyDocument = "docs/reverse-proxy.md"
