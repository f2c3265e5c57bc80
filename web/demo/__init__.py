"""The demo: invented people and the scenes played with them."""
