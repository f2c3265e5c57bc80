"""Registers coming in from spreadsheets: reading, recognising, checking, giving back what is wrong."""
