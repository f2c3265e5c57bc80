"""The post: channels, outbox, inbox, receipts, keys, transports. It moves messages and knows no subject."""
