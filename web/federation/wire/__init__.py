"""The wire format of FED/1: canonical bytes, keys, seals, envelopes, disclosures, bundles, receipts, error codes.

Pure: no database, no Flask, no clock, no other room of the product. Times, ids and keys come in as arguments.
"""
