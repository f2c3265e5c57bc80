"""Handovers (组织关系转接): the only way a member's organisation relation moves to a partner county."""
