"""Sending webhooks: which addresses may be called, how a call is signed, and the call itself."""
