"""Pages, one blueprint a module."""
