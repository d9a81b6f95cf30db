"""The replay: held-back history arrives over HTTP, as a storefront would send it."""
