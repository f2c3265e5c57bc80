"""Transfers of the organisation relation as this county's own case files, and the book of its introduction letters."""
